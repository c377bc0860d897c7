import type { IceConnection } from './internals.ts'

/**
 * werift looks every 20 ms whether a pair was nominated, and builds its DTLS server only then: a quick viewer's hello waits
 * for that. With this the end of ICE is the nomination itself (RFC 8445 §8.1.1); werift's own loop goes on beside it, to the
 * same end.
 */
export function endAtNomination(connection: IceConnection): void {
  const nominated = Promise.withResolvers<void>()
  const { checkListState } = connection
  const put = checkListState.put.bind(checkListState)
  checkListState.put = outcome => {
    put(outcome)
    if (connection.nominated) nominated.resolve()
  }
  const connect = connection.connect.bind(connection)
  connection.connect = () => Promise.race([connect(), nominated.promise])
}
