/** SHA-256 of the peer's certificate as DTLS saw it, `AA:BB:…`; undefined where the browser does not say. */
export async function remoteFingerprint(pc: RTCPeerConnection): Promise<string | undefined> {
  const certificate = pc.sctp?.transport?.getRemoteCertificates?.()[0]
  if (!certificate) return undefined
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', certificate))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')
}

/** Whether the pair in use goes over a relay at either end; undefined before there is one. */
export function pathOf(report: RTCStatsReport): 'direct' | 'relayed' | undefined {
  const all = [...report.values()] as { [name: string]: unknown }[]
  const transport = all.find(each => each.type === 'transport' && each.selectedCandidatePairId)
  const pair =
    all.find(each => each.id === transport?.selectedCandidatePairId) ??
    all.find(each => each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded')
  if (!pair) return undefined
  const ends = [pair.localCandidateId, pair.remoteCandidateId].map(id => all.find(each => each.id === id))
  return ends.some(end => end?.candidateType === 'relay') ? 'relayed' : 'direct'
}
