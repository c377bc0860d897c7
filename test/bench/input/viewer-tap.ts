import { Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { chance, mutatePacket } from './chance.ts'

/**
 * Loaded before the headless viewer: keeps real datagrams of its session, of both directions, and on demand sends
 * changed ones from the viewer's own address, among the honest ones. Talks over the viewer's own IPC.
 */
export type ToTap = { do: 'packets' } | { do: 'flood'; count: number; perSecond: number; seed: number }
export type FromTap = { is: 'packets'; packets: string[]; place: Place } | { is: 'flooded'; sent: number }
export type Place = { address: string; port: number }

/** of each first byte, so that STUN, DTLS and SRTP are all there */
const OF_A_KIND = 40
const kept = new Map<string, Buffer[]>()
let own: Socket | undefined
let camera: Place | undefined

function keep(direction: string, datagram: Uint8Array): void {
  const kind = `${direction} ${datagram[0]}`
  const some = kept.get(kind) ?? []
  kept.set(kind, some)
  if (some.length < OF_A_KIND) some.push(Buffer.from(datagram))
}

const { emit, send } = Socket.prototype
Socket.prototype.send = function tapped(this: Socket, ...given: unknown[]) {
  const [datagram, port, address] = given as [Uint8Array, number, string]
  // From 20 on it is the session itself and no longer a check of one of many ways (RFC 7983 §7).
  if ((datagram[0] ?? 0) >= 20 && typeof port === 'number') {
    own = this
    camera = { address, port }
  }
  keep('out', datagram)
  return Reflect.apply(send, this, given)
} as typeof send
Socket.prototype.emit = function tapped(this: Socket, ...given: unknown[]) {
  if (given[0] === 'message') keep('in', given[1] as Buffer)
  return Reflect.apply(emit, this, given)
} as typeof emit

const BATCH = 20

async function flood({
  count,
  perSecond,
  seed,
}: {
  count: number
  perSecond: number
  seed: number
}): Promise<number> {
  const by = chance(seed)
  const real = [...kept.values()].flat()
  const began = performance.now()
  let sent = 0
  while (own && camera && sent < count) {
    for (let i = 0; i < BATCH; i++)
      Reflect.apply(send, own, [mutatePacket(real, by), camera.port, camera.address])
    sent += BATCH
    const ahead = (sent / perSecond) * 1000 - (performance.now() - began)
    await (ahead > 1 ? sleep(ahead) : new Promise(setImmediate))
  }
  return sent
}

const tell = (message: FromTap): void => void process.send?.(message)

process.on('message', (message: ToTap) => {
  if (message.do === 'packets') {
    const packets = [...kept.values()].flat().map(each => each.toString('base64'))
    tell({ is: 'packets', packets, place: camera ?? { address: '', port: 0 } })
  }
  if (message.do === 'flood') void flood(message).then(sent => tell({ is: 'flooded', sent }))
})
