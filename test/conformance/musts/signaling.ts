import { type Must, rowsOf } from '../must.ts'

const test = 'test/conformance/signaling.test.ts'
const auth = rowsOf('signaling/src/authenticate.ts', test)
const handle = rowsOf('signaling/src/handle.ts', test)
const watch = rowsOf('signaling/src/watch.ts', test)
const relay = rowsOf('signaling/src/relay.ts', test)
const presence = rowsOf('signaling/src/presence.ts', test)
const unpaired = rowsOf('signaling/src/unpaired-namespace.ts', test)
const cameras = rowsOf('signaling/src/cameras.ts', test)
const sockets = rowsOf('signaling/src/sockets.ts', test)

/** PROTOCOL.md §3 and §4, the part of the server. */
export const signalingMusts: readonly Must[] = [
  auth(
    'M-3.7',
    'the end after a wrong answer: another challenge instead',
    'return refuse(faultCode(error))',
    'return authenticate(socket, runtime, role, resolve)',
    'M-3.7 attack 34: a challenge is good for one try',
  ),
  handle(
    'M-3.8',
    'the refusal before the proof',
    '(state.proved && known.includes(event))',
    'known.includes(event)',
    'M-3.8 before the proof nothing is obeyed',
  ),
  auth(
    'M-3.9',
    'the deadline for the answer',
    'setTimeout(() => resolve(undefined), ANSWER_MS)',
    'setTimeout(() => {}, ANSWER_MS)',
    'M-3.9 a socket that does not answer',
  ),
  handle(
    'M-4.1',
    'the schema of a request',
    'const parsed = v.safeParse(requests[kind], received)',
    'const parsed: any = { success: true, output: received }',
    'M-4.1 attack 23: events the protocol does not have',
  ),
  watch(
    'M-4.5',
    'the question whose camera it is',
    '(await mayReach(runtime.db, asker.account, cam)) ? runtime.presence.camera(cam) : null',
    'runtime.presence.camera(cam)',
    'M-4.5 attack 1: an offer reaches a camera of the same account only',
  ),
  relay(
    'M-4.6',
    'the form of a reply',
    "if (!parsed.success || !claimsWell(parsed.output)) return outcome('bad_reply', hintOf('no_reply'))",
    '',
    'M-4.6 a reply that is none becomes a hint',
  ),
  relay(
    'M-4.6',
    'the type a reply claims',
    ' || !claimsWell(parsed.output))',
    ')',
    'M-4.6 a reply that is none becomes a hint',
  ),
  cameras(
    'M-4.7',
    'the question whether the ticket is good',
    'if (!redeemed?.account) {',
    "if (!redeemed?.account && camera.ticket === '') {",
    'M-4.7 a ticket binds one camera, once',
  ),
  presence(
    'M-4.8',
    'the end of the older socket',
    'before.disconnect(true)',
    '',
    'M-4.8 of two sockets with one camera key',
  ),
  unpaired(
    'M-4.9',
    'the address of the holder',
    ' || (place && place.address !== address))',
    ')',
    'M-4.9 a rendezvous that is held is not given to another address',
  ),
  unpaired(
    'M-4.9',
    'one rendezvous for a socket',
    'held.size > 0 || ',
    '',
    'M-4.9 a socket holds one rendezvous',
  ),
  sockets(
    'M-4.10',
    'the size limit of the socket',
    'maxHttpBufferSize: SOCKET_MESSAGE_MAX_BYTES,',
    '',
    'M-4.10 a message that is too long',
  ),
]
