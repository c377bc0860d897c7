import { isIP } from 'node:net'
import type { Address, IceConnection } from '../guard/internals.ts'
import { nativeOutbox, type Socket, type Target, targetOf } from '../native/datagrams.ts'

type Pair = {
  remoteAddr: Address
  protocol: { type: string; transport?: { type: string; closed: boolean; socket: Socket } }
}

/**
 * Puts datagrams on the pair that ICE has selected, as werift's own `send` does: while the peer consents (RFC 7675),
 * and on that pair only. A pair of UDP sockets is written to before the event loop turns; a relay is left to werift.
 * What is to be sent may be written over as soon as this returns.
 */
export function createDatagramOut(via: IceConnection): (data: Buffer) => void {
  const connection = via as IceConnection & {
    canSendApplicationData(): boolean
    send(data: Buffer): Promise<void>
  }
  const outbox = nativeOutbox()
  let known: unknown
  let direct: Pair['protocol']['transport']
  let target: Target | undefined
  return data => {
    if (!connection.canSendApplicationData()) return
    const pair = connection.nominated as unknown as Pair
    if (pair !== known) {
      known = pair
      direct = directOf(pair)
      target = direct && targetOf(...pair.remoteAddr)
    }
    if (!direct) return void connection.send(Buffer.from(data)).catch(() => undefined)
    if (direct.closed) return
    if (target && outbox?.put(direct.socket, target, data)) return
    const [host, port] = pair.remoteAddr
    try {
      direct.socket.send(Buffer.from(data), port, host)
    } catch {
      // A socket that closes in this moment; ICE is about to hear of it.
    }
  }
}

/** A socket of our own, towards an address that is none to be looked up. */
function directOf({ protocol, remoteAddr }: Pair): Pair['protocol']['transport'] {
  const { transport } = protocol
  const isDirect = protocol.type === 'stun' && transport?.type === 'udp' && isIP(remoteAddr[0]) !== 0
  return isDirect ? transport : undefined
}
