/** SHA-256 of the peer's certificate as DTLS saw it, `AA:BB:…`; undefined where the browser does not say. */
export async function remoteFingerprint(pc: RTCPeerConnection): Promise<string | undefined> {
  const certificate = pc.sctp?.transport?.getRemoteCertificates?.()[0]
  if (!certificate) return undefined
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', certificate))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')
}

/** `no_udp`: relayed, and this device reaches the relay by TCP or TLS alone. */
export type Path = 'direct' | 'relayed' | 'no_udp'

/** The way of the pair in use; undefined before there is one. */
export function pathOf(report: RTCStatsReport): Path | undefined {
  const all = [...report.values()] as { [name: string]: unknown }[]
  const transport = all.find(each => each.type === 'transport' && each.selectedCandidatePairId)
  const pair =
    all.find(each => each.id === transport?.selectedCandidatePairId) ??
    all.find(each => each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded')
  if (!pair) return undefined
  const [near, far] = [pair.localCandidateId, pair.remoteCandidateId].map(id =>
    all.find(each => each.id === id),
  )
  if (near?.candidateType === 'relay')
    return near.relayProtocol === 'tcp' || near.relayProtocol === 'tls' ? 'no_udp' : 'relayed'
  return far?.candidateType === 'relay' ? 'relayed' : 'direct'
}

/** How far ICE has come: `checking` while no pair works, `connected` after that; undefined where nothing is said. */
export function iceOf(report: RTCStatsReport): 'checking' | 'connected' | 'disconnected' | undefined {
  const all = [...report.values()] as { [name: string]: unknown }[]
  const states: { [state: string]: 'checking' | 'connected' | 'disconnected' } = {
    new: 'checking',
    checking: 'checking',
    connected: 'connected',
    completed: 'connected',
    disconnected: 'disconnected',
    failed: 'checking',
  }
  const transport = all.find(each => each.type === 'transport')
  const said = states[String(transport?.iceState)]
  const pairs = all.filter(each => each.type === 'candidate-pair')
  if (said || pairs.length === 0) return said
  return pairs.some(each => each.state === 'succeeded') ? 'connected' : 'checking'
}

/** Round trip of the pair in use, ms; undefined where the browser does not say. */
export function roundTripOf(report: RTCStatsReport): number | undefined {
  const all = [...report.values()] as { [name: string]: unknown }[]
  const pair = all.find(
    each => each.type === 'candidate-pair' && each.nominated && typeof each.currentRoundTripTime === 'number',
  )
  return pair && Number(pair.currentRoundTripTime) * 1000
}
