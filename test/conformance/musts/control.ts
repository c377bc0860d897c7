import { type Must, rowsOf } from '../must.ts'

const unit = 'test/unit/camera-agent'
const owned = 'test/conformance/serve-owner.test.ts'
const reset = rowsOf('camera-agent/src/reset.ts', `${unit}/control.test.ts`)
const life = rowsOf('camera-agent/src/life.ts', `${unit}/reset.test.ts`)
const share = rowsOf('camera-agent/src/media/share.ts', `${unit}/share-private.test.ts`)
const clock = rowsOf('camera-agent/src/camera-clock.ts', `${unit}/camera-clock.test.ts`)
const control = rowsOf('camera-agent/src/control.ts', `${unit}/control.test.ts`)
const serve = rowsOf('camera-agent/src/serve.ts', owned)
const session = rowsOf('camera-agent/src/session.ts', owned)
const listening = rowsOf('camera-agent/src/listening.ts', owned)
const sound = rowsOf('camera-agent/src/rtc/send/sound-side.ts', 'test/conformance/guard/sound.test.ts')
const peer = rowsOf('camera-agent/src/rtc/peer.ts', 'test/conformance/guard/sound.test.ts')
const inbound = rowsOf('camera-agent/src/rtc/inbound.ts', 'test/conformance/guard/inbound.test.ts')
const store = rowsOf('camera-agent/src/policy-store.ts', `${unit}/control.test.ts`)
const log = rowsOf('camera-agent/src/camera-log.ts', `${unit}/camera-log.test.ts`)
const segments = rowsOf('camera-agent/src/log-segments.ts', `${unit}/camera-log.test.ts`)
const announce = rowsOf('camera-agent/src/announce.ts', `${unit}/announce.test.ts`)
const journal = rowsOf('camera-agent/src/journal.ts', `${unit}/journal.test.ts`)

/** PROTOCOL.md §5 to §8, §12 and §13: the camera under its owner. */
export const controlMusts: readonly Must[] = [
  reset('M-5.19', 'the new key', 'await createKeys(folder)', '', 'M-5.19 attack 31'),
  reset(
    'M-5.19',
    'the end of the old log',
    'for (const segment of await listSegments(folder)) await remove(segmentPath(folder, segment))',
    '',
    'M-5.19 attack 31',
  ),
  reset(
    'M-5.19',
    'the end of the old state',
    'await removeWritten(join(folder, STATE_FILE))',
    '',
    'M-5.19 attack 31',
  ),
  log(
    'M-5.19',
    'the end of a log that was closed',
    "if (closed) throw new AgentError('log', 'this log is closed')",
    '',
    'takes no line once it is closed',
  ),
  life(
    'M-5.20',
    'the cleaning at the next start',
    'if (!policies.state()) await eraseLife(folder)',
    '',
    'M-5.20 what a crash left of it',
  ),
  clock(
    'M-6.22',
    'the second clock',
    'system < floor && Math.abs(system - iat) <= AGREES_S ? iat : floor',
    'iat',
    'M-6.22 attack 11: an earlier date alone',
  ),
  share('M-6.27', 'the end of the open source', 'if (on) empty()', '', 'M-6.27 has no source'),
  share(
    'M-6.27',
    'the refusal to open it',
    'if (!closed && !isPrivate) viewer.begin()',
    'if (!closed) viewer.begin()',
    'M-6.27 has no source',
  ),
  clock(
    'M-6.28',
    'the way down for two clocks that agree',
    'system < floor && Math.abs(system - iat) <= AGREES_S ? iat : floor',
    'floor',
    'M-6.28 a floor that an admin',
  ),
  control(
    'M-6.29',
    'the judgement before the ack',
    'context.onPolicy()\n',
    '\n',
    'M-6.29 judges every session before it acknowledges',
  ),
  serve(
    'M-7.31',
    'the judgement of the rights of running sessions',
    'else reduce(session, now)',
    '',
    'M-7.31 attack 9: a right that is taken while live',
  ),
  serve(
    'M-7.31',
    'that rights only shrink',
    'session.rights.filter(right => now.includes(right))',
    '[...now]',
    'M-7.31 attack 9: a right that is taken while live',
  ),
  serve(
    'M-7.31',
    'the word to the viewer',
    'session.rights = left\n  session.onRights()',
    'session.rights = left',
    'M-7.31 attack 9: a right that is taken while live',
  ),
  serve(
    'M-7.32',
    'the right to hear in the answer',
    "context.sound !== false && session.rights.includes('audio')",
    'context.sound !== false',
    'M-7.32 the answer has a section for sound',
  ),
  peer(
    'M-7.32',
    'the rejection of the section',
    'options.sound ? SOUND_CODECS_OFFERED() : []',
    'SOUND_CODECS_OFFERED()',
    'M-7.32 an answer without the right',
  ),
  serve(
    'M-8.12',
    'the right to hear at this moment',
    "const mayHear = (): boolean => session.rights.includes('audio')",
    'const mayHear = (): boolean => true',
    'M-8.12 attack 9: a right to hear',
  ),
  sound(
    'M-8.12',
    'the gate for what the camera sends',
    'if (isOpen() && allowed())',
    'if (isOpen())',
    'M-8.12 no packet leaves before',
  ),
  listening(
    'M-8.12',
    'that it was asked for, and no pause',
    '!isWanted || isPaused || ',
    '',
    'M-8.12 sound comes to who has',
  ),
  inbound(
    'M-8.8',
    'the gate for what the viewer sends',
    'if (!allowed()) return void dropped++',
    '',
    'M-8.8 attack 9: without the right to talk',
  ),
  serve(
    'M-8.8',
    'the question for the right to talk',
    "peer.inbound.allow(() => session.rights.includes('talk'))",
    'peer.inbound.allow(() => true)',
    'M-8.8 before the confirm nothing the viewer sends is taken',
  ),
  session(
    'M-8.9',
    "the ear for an owner's word",
    "if (message.t === 'policy' || message.t === 'read') void serveOwner(peer, session, message)",
    '',
    'M-8.9 an owner’s word in a live session',
  ),
  session(
    'M-8.9',
    'the th a question is checked against: none',
    'control.readInSession(message.read, th)',
    "control.readInSession(message.read, '')",
    'M-8.9 an owner’s word in a live session',
  ),
  control(
    'M-12.18',
    'the bound of requests in work',
    "if (inWork >= IN_WORK_MAX) return { refused: 'busy' }",
    '',
    'M-12.18 so many requests at once',
  ),
  store(
    'M-12.19',
    'the comparison with the key that came first',
    'if (known && !sameKey(known.k, view)) throw new UsedInvite(inv, viewId)',
    '',
    'M-12.19 attack 32: once',
  ),
  store(
    'M-12.19',
    'the wait for the disk',
    'await save({ ...now.state, waiting: [...waiting, { inv, k: view, at: nowSeconds() }] })',
    'state = { ...now.state, waiting: [...waiting, { inv, k: view, at: nowSeconds() }] }',
    'ties a key to the invitation, on disk',
  ),
  store(
    'M-12.20',
    'the end of a redemption',
    'now.state.waiting.filter(({ inv }) => next.invites.has(inv))',
    'now.state.waiting',
    'M-12.20 a redemption ends with its invitation',
  ),
  store(
    'M-12.21',
    'the bound of those who wait',
    'if (waiting.length >= WAITING_MAX)',
    'if (false)',
    'M-12.21 remembers so many',
  ),
  control(
    'M-13.6',
    'the need of a session',
    "if (what !== 'policy') throw new ProtocolFault('no_right', 'what', 'read the log inside a session')",
    '',
    'M-13.6 the log is read in the session',
  ),
  control(
    'M-13.6',
    'the session of the question',
    'if (question.th !== th)',
    'if (false)',
    'M-13.6 the log is read in the session',
  ),
  control(
    'M-13.6',
    'the need to say where to begin',
    "if (question.from === undefined) throw new ProtocolFault('bad_form', 'from', 'say where to begin')",
    '',
    'M-13.6 the log is read in the session',
  ),
  segments(
    'M-13.7',
    'the cut after the last whole line',
    'return end',
    'return bytes.length',
    'M-13.7 drops what a crash left',
  ),
  log(
    'M-13.8',
    'the age that a file must have',
    'newest >= (seconds - LOG_KEPT_S) * 1000',
    'false',
    'M-13.8 keeps every line of ninety days',
  ),
  log(
    'M-13.8',
    'what the dropped lines had counted',
    'if (entry && entry.i >= base.i) before = count(before, entry)',
    '',
    'M-13.8 keeps every line of ninety days',
  ),
  segments(
    'M-13.9',
    'the wait for the disk',
    'await target.sync()',
    '',
    'M-13.9 a line that is not durable has no place',
  ),
  journal(
    'M-13.10',
    'the number of lines an hour',
    'return lines <= LINES_PER_HOUR',
    'return true',
    'M-13.10 a viewer that is refused again and again',
  ),
  serve(
    'M-13.11',
    'the line before the picture',
    'await within(CONFIRMING_MS, logLive(context, accepted), ended)',
    'void logLive(context, accepted).catch(() => undefined)',
    'M-13.11 the log has it before the first frame',
  ),
  serve(
    'M-13.11',
    'the refusal while the log cannot be written',
    'if (!(await context.journal.ready()))',
    'if (false)',
    'M-13.11 what cannot be logged is not shown',
  ),
  serve(
    'M-13.12',
    'the second look at the policy',
    'if (policy?.viewers.has(viewer)) return',
    'if (policy) return',
    'M-13.12 a live session of somebody',
  ),
  announce(
    'M-13.13',
    'the head beside the beacon',
    "socket.emit('publish', { beacon, head, ...counted }",
    "socket.emit('publish', { beacon, ...counted }",
    'M-13.13 says what is in force',
  ),
]
