import { parseRelayUrl } from '@ownsight/protocol/relay-grant'
import type { Servers } from './gather.ts'

/** What a look at this device's own network finds, with a peer connection that never meets a camera. */
export type Ways = {
  own: boolean
  public: boolean
  /**
   * What the router makes of one port of this device: one public port for all, or one for each it speaks to (RFC 4787
   * §4.1). `one` is said too where only one port of the server answers.
   */
  mapping: 'one' | 'each' | undefined
  relay: ('udp' | 'tcp' | 'tls')[]
}

/** The quicker ones first. */
const WAYS: Ways['relay'] = ['udp', 'tcp', 'tls']

/** Which kinds of address can be had, within the patience of `servers`. */
export async function probe({ iceServers, patience }: Servers): Promise<Ways> {
  const pc = new RTCPeerConnection({ iceServers: [...iceServers, ...secondLooks(iceServers)] })
  const ways: Ways = { own: false, public: false, mapping: undefined, relay: [] }
  /** the public port of each base of this device that was seen first */
  const ports = new Map<string, number>()
  const done = Promise.withResolvers<void>()
  const timer = setTimeout(done.resolve, patience)
  pc.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.type === 'host') ways.own = true
    if (candidate?.type === 'srflx') {
      ways.public = true
      const { foundation, port } = candidate
      const seen = ports.get(foundation ?? '') ?? port ?? 0
      ports.set(foundation ?? '', seen)
      ways.mapping = ways.mapping === 'each' || seen !== port ? 'each' : 'one'
    }
    if (candidate === null) done.resolve()
  })
  try {
    pc.createDataChannel('probe')
    await pc.setLocalDescription()
    await done.promise
    for (const report of (await pc.getStats()).values())
      if (report.type === 'local-candidate' && report.candidateType === 'relay') {
        const way = report.relayProtocol as Ways['relay'][number]
        if (!ways.relay.includes(way)) ways.relay.push(way)
      }
    ways.relay.sort((a, b) => WAYS.indexOf(a) - WAYS.indexOf(b))
    return ways
  } finally {
    clearTimeout(timer)
    pc.close()
  }
}

/** The next port of each server that is asked over UDP: coturn answers there too (RFC 5780 §6). */
function secondLooks(servers: readonly RTCIceServer[]): RTCIceServer[] {
  const asked = servers.flatMap(({ urls }) => urls).map(parseRelayUrl)
  const udp = asked.filter(({ transport }) => transport === 'udp')
  const urls = new Set(
    udp.map(({ host, port }) => `stun:${host.includes(':') ? `[${host}]` : host}:${port + 1}`),
  )
  return urls.size > 0 ? [{ urls: [...urls] }] : []
}
