import { type Must, rowsOf } from '../must.ts'

const test = 'test/conformance/serve.test.ts'
const serve = rowsOf('camera-agent/src/serve.ts', test)
const room = rowsOf('camera-agent/src/room.ts', test)
const session = rowsOf('camera-agent/src/session.ts', test)

/** PROTOCOL.md §7 and §8, the part of the camera agent. */
export const serveMusts: readonly Must[] = [
  serve(
    'M-7.21',
    'the order: a peer connection comes first',
    'const policy = context.policies.current()\n      if (!policy) return undefined',
    "const policy = context.policies.current()\n      if (!policy) return undefined\n      await acceptOffer('', {} as never)",
    'M-7.21 attack 1: no peer connection is made',
  ),
  serve(
    'M-7.22',
    'the memory of the answer',
    "if (same && same.state !== 'live' && same.state !== 'closing') return same.answer",
    '',
    'M-7.22 an identical offer while answered',
  ),
  serve(
    'M-7.22',
    'its end once live',
    "same.state !== 'live' && ",
    '',
    'M-7.22 attack 4: once live the same offer is replay',
  ),
  serve(
    'M-7.23',
    'the wait for the confirm',
    'await within(CONFIRMING_MS, confirm, ended)',
    '',
    'M-7.23 attack 26: without a confirm no frame',
  ),
  session(
    'M-7.23',
    'the check of the confirm',
    'await openConfirm(message.jws, { camId, view: viewer, key, sid: offer.payload.sid, th })',
    '',
    'M-7.23 attack 26: play before the confirm, junk, and a wrong confirm',
  ),
  serve(
    'M-7.24',
    'the wait for DTLS',
    'await within(CONNECTING_MS + CONFIRMING_MS, peer.open, ended)',
    '',
    'M-7.24 attack 26: a confirm before DTLS',
  ),
  serve(
    'M-7.25',
    'the judgement of running sessions',
    "if (typeof now === 'string') session.close(now)",
    "if (typeof now === 'string') continue",
    'M-7.25 attack 8: a viewer that is removed while live',
  ),
  serve(
    'M-7.25',
    'the judgement at the confirm',
    "if (typeof refused === 'string') return ended.abort(refused)",
    '',
    'M-7.25 attack 8: a viewer that is removed before the confirm',
  ),
  room(
    'M-7.26',
    'the share of a viewer',
    'mine.length >= SESSIONS_PER_VIEWER',
    'false',
    'M-7.26 a viewer has so many sessions',
  ),
  room(
    'M-7.26',
    'the number in all',
    ' && sessions.length < SESSIONS_PER_CAMERA',
    '',
    'M-7.26 a camera has so many sessions',
  ),
  room(
    'M-7.26',
    'that a hold pushes nobody out',
    "if (newcomer.holds) return 'full'",
    '',
    'M-7.26 one who only waits gives way to one who watches',
  ),
  room(
    'M-7.26',
    'that who plays is not pushed out',
    "state === 'live' && !plays",
    "state === 'live'",
    'M-7.26 a viewer has so many sessions',
  ),
  session(
    'M-8.5',
    'the end after a broken message',
    'session.onFault(faultCode(error))',
    '',
    'M-8.5 a message the protocol does not have',
  ),
  session('M-8.6', 'hold', 'if (!session.hold) start()', 'start()', 'M-8.6 a held session sends no frame'),
  session('M-8.10', 'the pause', "if (message.t === 'pause') pause()", '', 'M-8.10 a paused session'),
  session(
    'M-8.11',
    'the reply to alive',
    "if (message.t === 'alive') beat()",
    '',
    'M-8.11 alive is answered',
  ),
  session(
    'M-13.11',
    'the same for a held session that plays',
    'await session.onPlay().then(start, () =>',
    'await Promise.resolve().then(start, () =>',
    'M-8.6 a held session plays only once its line is written',
  ),
]
