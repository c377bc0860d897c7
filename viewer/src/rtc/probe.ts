import type { Servers } from './gather.ts'

/** What a look at this device's own network finds, with a peer connection that never meets a camera. */
export type Ways = { own: boolean; public: boolean; relay: ('udp' | 'tcp' | 'tls')[] }

/** The quicker ones first. */
const WAYS: Ways['relay'] = ['udp', 'tcp', 'tls']

/** Which kinds of address can be had, within the patience of `servers`. */
export async function probe({ iceServers, patience }: Servers): Promise<Ways> {
  const pc = new RTCPeerConnection({ iceServers })
  const ways: Ways = { own: false, public: false, relay: [] }
  const done = Promise.withResolvers<void>()
  const timer = setTimeout(done.resolve, patience)
  pc.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.type === 'host') ways.own = true
    if (candidate?.type === 'srflx') ways.public = true
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
