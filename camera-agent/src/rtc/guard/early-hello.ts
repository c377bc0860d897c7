import type { DtlsTransport, IceConnection } from './internals.ts'

const DATAGRAMS_MAX = 8

/**
 * A browser's first ClientHello comes before werift has built its DTLS server, and would cost a retransmission.
 * DTLS datagrams (first byte 20 to 63, RFC 7983 §7) of that time are kept and handed over.
 */
export function earlyHello(transport: DtlsTransport, connection: IceConnection): void {
  const kept: Buffer[] = []
  const keeping = connection.onData.subscribe(datagram => {
    const first = datagram[0] ?? 0
    if (transport.state === 'new' && first >= 20 && first <= 63 && kept.length < DATAGRAMS_MAX)
      kept.push(datagram)
  })
  transport.onStateChange.subscribe(state => {
    keeping.unSubscribe()
    if (state !== 'connecting') return
    queueMicrotask(() => {
      for (const datagram of kept.splice(0)) transport.dtls?.transport.socket.onData(datagram)
    })
  })
}
