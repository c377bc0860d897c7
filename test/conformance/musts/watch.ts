import { type Must, rowsOf } from '../must.ts'

const test = 'test/conformance/watch.test.ts'
const watch = rowsOf('viewer/src/watch.ts', test)
const live = rowsOf('viewer/src/live-state.ts', test)

/** PROTOCOL.md §7 and §8, the part of the viewer. */
export const watchMusts: readonly Must[] = [
  watch(
    'M-7.27',
    'the patience: the first wrong reply ends the attempt',
    'if (error instanceof WatchFault) throw error\n',
    'throw error\n',
    'M-7.27 attack 2, 3, 6, 12: wrong replies are counted',
  ),
  watch(
    'M-7.27',
    'the count',
    'options.onForeignAnswer?.()',
    '',
    'M-7.27 attack 2, 3, 6, 12: wrong replies are counted',
  ),
  watch(
    'M-7.28',
    'the wait for confirmed',
    "await within(deadlines.confirm, session.confirmed, 'not_confirmed')",
    '',
    'M-7.28 attack 26: without confirmed there is no stream',
  ),
  watch(
    'M-7.28',
    'the th of confirmed',
    'equalText(message.th, session.th)',
    'true',
    'M-7.28 attack 25: a confirmed with another th',
  ),
  watch(
    'M-7.28',
    'the sid of confirmed',
    'message.sid === session.sid &&',
    '',
    'M-7.28 attack 25: a confirmed with another th or sid',
  ),
  watch(
    'M-7.29',
    'the end after the second stale_win',
    "if (attempt > 0) throw new WatchFault('stale_win')",
    '',
    'M-7.29 a signed stale_win earns one more attempt',
  ),
  watch(
    'M-7.30',
    'the certificate that DTLS saw',
    'if (seen !== undefined && seen !== found.fingerprint)',
    'if (false)',
    'M-7.30 a certificate that is not the one in the answer',
  ),
  live(
    'M-8.7',
    'the heartbeat',
    'fresh(signs.heartbeatAt) && ',
    '',
    'M-8.7 attack 48: is said only while heartbeat and frames',
  ),
  live(
    'M-8.7',
    'the frames',
    ' && fresh(signs.frameAt))',
    ')',
    'M-8.7 attack 48: is said only while heartbeat and frames',
  ),
  live(
    'M-8.7',
    'the phase of the session',
    "if (signs.phase !== 'confirmed') return signs.phase",
    "if (signs.phase === 'ended') return signs.phase",
    'M-8.7 attack 48: is never said of a session that is not confirmed',
  ),
]
