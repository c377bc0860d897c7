import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { Wire } from '@ownsight/camera-agent/rtc/loopback'

/**
 * One path between two WebRTC ends and no other: each is told of this machine's socket in the place of the other's
 * addresses, and everything between them, ICE to SRTP, passes `wire`.
 */
export type BadPath = {
  /** The offer as the camera is to see it. */
  offer(sdp: string): string
  /** The answer as the viewer is to see it. */
  answer(sdp: string): string
  /** Every datagram that was sent, by whom it was meant for, in order. */
  readonly sent: { data: Buffer; to: 'client' | 'server' }[]
  close(): void
}
type Address = { address: string; port: number }

/** An address of this machine that WebRTC stacks gather. */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find(each => each && !each.internal && each.family === 'IPv4')
  if (!found) throw new Error('this machine has no IPv4 address but loopback')
  return found.address
}

export async function openBadPath(wire: Wire): Promise<BadPath> {
  const own = ownAddress()
  const viewerSide = await bind(own)
  const cameraSide = await bind(own)
  const sent: BadPath['sent'] = []
  let viewer: Address | undefined
  let camera: Address | undefined
  let open = true

  function carry(data: Buffer, to: 'client' | 'server'): void {
    sent.push({ data, to })
    for (const part of wire(Buffer.from(data), to)) {
      if (part.ms) setTimeout(() => deliver(part.data, to), part.ms)
      else deliver(part.data, to)
    }
  }
  function deliver(data: Buffer, to: 'client' | 'server'): void {
    const target = to === 'client' ? viewer : camera
    if (open && target) (to === 'client' ? viewerSide : cameraSide).send(data, target.port, target.address)
  }
  viewerSide.on('message', (data, from) => {
    viewer = from
    carry(data, 'server')
  })
  cameraSide.on('message', (data, from) => {
    camera = from
    carry(data, 'client')
  })
  return {
    sent,
    offer(sdp) {
      viewer = candidateAt(sdp, own)
      return through(sdp, own, cameraSide.address().port)
    },
    answer(sdp) {
      camera = candidateAt(sdp, own)
      return through(sdp, own, viewerSide.address().port)
    },
    close() {
      if (!open) return
      open = false
      viewerSide.close()
      cameraSide.close()
    },
  }
}

async function bind(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

function candidateAt(sdp: string, address: string): Address | undefined {
  for (const [, host = '', port] of sdp.matchAll(/a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gi))
    if (host === address) return { address, port: Number(port) }
  return undefined
}

/** The description with one candidate in the place of all it has. */
function through(sdp: string, address: string, port: number): string {
  const line = `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host\r\n`
  const bare = sdp.replaceAll(/a=(candidate:.*|end-of-candidates)\r\n/g, '')
  // In the first section, whose transport is that of all (RFC 9143 §7.2).
  const at = bare.indexOf('a=', bare.indexOf('\r\nm='))
  return bare.slice(0, at) + line + bare.slice(at)
}
