/**
 * The moments of one live view in the order in which they come, and the phase that ends with each. Those named `ownsight:`
 * are the viewer's own marks, one for each state of protocol/src/session-state.ts; the others are made by moments.ts.
 */
export const PHASES: { readonly [moment: string]: string } = {
  tap: '',
  'ownsight:beacon': 'tap: ask for the beacon, verify it',
  'ownsight:offered': 'offer: gather, make it, sign it',
  'ownsight:answer_ok': 'answer: camera checks, answers; verify it',
  ice: 'ICE',
  dtls: 'DTLS',
  'ownsight:confirming': 'SCTP: data channel opens',
  'ownsight:live': 'CONFIRM and confirmed',
  'first-rtp': 'first RTP packet',
  painted: 'first frame decoded and shown',
}
