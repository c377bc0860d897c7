import { parseRelayUrl } from '@ownsight/protocol/relay-grant'

/** Which servers to ask for other addresses, and how long. */
export type Servers = {
  readonly iceServers: RTCIceServer[]
  /** only over a relay: the camera's side learns no address of this device */
  readonly relayOnly: boolean
  /** ms until the description goes out with what there is */
  readonly patience: number
}

/** The same servers, asked for this device's public address and no more: a TURN server answers that too (RFC 8656 §3). */
export function withoutRelays(servers: Servers): Servers {
  const urls = servers.iceServers.flatMap(server => server.urls).map(parseRelayUrl)
  const udp = urls.filter(({ transport }) => transport === 'udp')
  const stun = udp.map(({ host, port }) => `stun:${host.includes(':') ? `[${host}]` : host}:${port}`)
  return { ...servers, iceServers: stun.length > 0 ? [{ urls: [...new Set(stun)] }] : [] }
}

export const NO_SERVERS: Servers = { iceServers: [], relayOnly: false, patience: 1000 }

/**
 * From the first own address to the offer, ms, where no server is asked: such addresses come at once, and Chromium calls
 * gathering complete 120 ms later. What is missed is found as peer-reflexive (RFC 8445 §7.3.1.3).
 */
const HOST_MS = 30
/** From the first answer of a server to the offer, ms: what else was on its way comes now. */
const SERVER_MS = 20

/** A browser that hides one address behind a name hides all, and a camera looks no such name up: none is waited for. */
const isHidden = (candidate: RTCIceCandidate | null): boolean =>
  candidate?.address?.endsWith('.local') === true

/**
 * Resolves when there is enough to offer: a public or relayed address where a server is asked, own ones where none is,
 * or whatever came in time. True when a server has answered.
 */
export function gather(
  pc: RTCPeerConnection,
  { iceServers, relayOnly, patience }: Servers,
): Promise<boolean> {
  const done = Promise.withResolvers<boolean>()
  let answered = false
  const timers = [setTimeout(() => done.resolve(answered), patience)]
  const soon = (ms: number) => void timers.push(setTimeout(() => done.resolve(answered), ms))
  const look = ({ candidate }: RTCPeerConnectionIceEvent): void => {
    const type = candidate?.type
    if (type === 'relay' || (type === 'srflx' && !relayOnly)) {
      if (!answered) soon(SERVER_MS)
      answered = true
    } else if (type === 'host' && iceServers.length === 0) soon(isHidden(candidate) ? 0 : HOST_MS)
  }
  const ended = (): void => {
    if (pc.iceGatheringState === 'complete') done.resolve(answered)
  }
  pc.addEventListener('icecandidate', look)
  pc.addEventListener('icegatheringstatechange', ended)
  ended()
  return done.promise.finally(() => {
    for (const timer of timers) clearTimeout(timer)
    pc.removeEventListener('icecandidate', look)
    pc.removeEventListener('icegatheringstatechange', ended)
  })
}
