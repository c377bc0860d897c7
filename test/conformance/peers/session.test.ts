import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { cameraTag } from '@ownsight/camera-agent/media/mark'
import type { ToViewer } from '@ownsight/protocol/channel'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { pageClock } from '../../../viewer/src/clock.ts'
import { DEADLINES } from '../../../viewer/src/deadlines.ts'
import { isFinal, WatchFault } from '../../../viewer/src/failures.ts'
import { leave, openSession } from '../../../viewer/src/opening.ts'
import { type LiveSession, type WatchOptions, watch } from '../../../viewer/src/watch.ts'
import { createRandom } from '../../netlab/random.ts'
import { isServing, startAgent, type TestAgent } from '../../support/agent.ts'
import { offerOnce } from '../../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../../support/owner.ts'
import { openBadPath } from '../../support/peers/bad-path.ts'
import { otherFingerprint } from '../../support/peers/guarded-call.ts'
import type { PeerProcess } from '../../support/peers/peer-process.ts'
import { sessionPeer } from '../../support/peers/session-peer.ts'
import { libdatachannel, STACKS, type Stack, webrtcbin } from '../../support/peers/stacks.ts'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import { until } from '../../support/wait.ts'
import { chain, lossy, reordering } from '../../support/wires.ts'

const SEED = process.env.SEED ?? '20261121'
const SESSIONS = process.env.OWNSIGHT_LONG ? 10 : 1
/** A page has a peer at once, here a process starts for it; and the camera and its server share this machine with it. */
const PATIENCE = { ...DEADLINES, beacon: 20_000, gathering: 30_000, answer: 20_000, picture: 30_000 }
/** Every other test here is open sooner. */
const SOON_MS = 4000
/** The camera's own for a viewer that does not confirm (PROTOCOL.md §7). */
const CONFIRMING_MS = 5000

describe(`whole sessions of other stacks, by the viewer's own flow (SEED=${SEED})`, function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let owner: Owner
  let agent: TestAgent
  let camera: PairedCamera
  let stop: AbortController
  const viewers = new Map<unknown, PeerProcess>()
  before(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    agent = startAgent({ server: signaling.origin })
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    const isKnown = async () => 'beacon' in (await ask('beacon', { cam: camera.camId }))
    await until(isKnown, { timeout: 30_000, what: "the camera's beacon at the server" })
  })
  after(async () => {
    owner?.close()
    await agent?.dispose()
    await signaling?.close()
  })
  beforeEach(() => {
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await Promise.all([...viewers.values()].map(viewer => viewer.close()))
    viewers.clear()
  })

  const ask: WatchOptions['ask'] = (kind: string, request: object) =>
    owner.socket.timeout(20_000).emitWithAck(kind, request)

  type Options = Partial<Pick<WatchOptions, 'deadlines' | 'onState'>> & {
    random?: () => number
    change?: (offer: string) => string
  }
  /** One attempt of the viewer, a process of its own. */
  function attempt(stack: Stack, options: Options, signal: AbortSignal): Promise<LiveSession> {
    const { random, change = offer => offer, ...rest } = options
    return watch({
      ...{ camera, view: owner.view, ask, signal, deadlines: PATIENCE },
      ...rest,
      async peer(signal) {
        const path = random && (await openBadPath(chain(lossy(0.1, random), reordering(0.1, random))))
        const { peer, viewer } = await sessionPeer(stack, signal, path)
        const changed = { ...peer, offer: change(peer.offer) }
        viewers.set(changed, viewer)
        return changed
      },
    })
  }
  /** The viewer's opening, hedge and all. */
  const open = (stack: Stack, random?: () => number): Promise<LiveSession> =>
    openSession((signal, onState) => attempt(stack, { onState, ...(random ? { random } : {}) }, signal), {
      clock: pageClock,
      signal: stop.signal,
      isFinal,
    })
  async function isLive(session: LiveSession): Promise<PeerProcess> {
    const viewer = viewers.get(session.peer)
    assert.ok(viewer)
    const heard: ToViewer[] = []
    session.onMessage(message => heard.push(message))
    await until(() => heard.some(({ t }) => t === 'heartbeat') && viewer.received.packets >= 20, {
      timeout: 30_000,
      what: 'a heartbeat and twenty packets',
    })
    for (const message of heard) if (message.t === 'heartbeat') assert.equal(message.th, session.th)
    assert.equal(session.camId, camera.camId)
    assert.ok(session.granted.r.includes('view'))
    return viewer
  }

  /** Leaves, and waits until the camera knows: it takes four sessions of one viewer, and a bye may be lost. */
  async function left(session: LiveSession): Promise<void> {
    leave(session)
    const watching = () => agent.reports.findLast(report => report.event === 'watching')
    await until(() => watching()?.viewers === 0, {
      timeout: 30_000,
      what: 'the camera to notice that it was left',
    })
  }

  for (const stack of STACKS)
    describe(stack.name, () => {
      it('confirms, hears heartbeats of its session and decodes pictures of this camera', async () => {
        const session = await open(stack)
        const viewer = await isLive(session)
        await until(() => viewer.received.frames >= 10, { timeout: 30_000, what: 'ten pictures' })
        if (stack !== webrtcbin)
          await until(() => viewer.received.camera === cameraTag(camera.camId), {
            timeout: 30_000,
            what: "the camera's mark",
          })
        await left(session)
      })

      if (stack === webrtcbin && !process.env.OWNSIGHT_LONG) return
      it(`${SESSIONS} of ${SESSIONS} open at 10 % loss and 10 % reordering`, async function () {
        this.timeout(SESSIONS * 60_000)
        for (let i = 0; i < SESSIONS; i++) {
          const session = await open(stack, createRandom(`${SEED}/${stack.name}/${i}`))
          await isLive(session)
          await left(session)
        }
      })
    })

  it('one whose signed offer names another certificate does not open', async () => {
    const soon = { deadlines: { ...PATIENCE, path: SOON_MS, channel: SOON_MS } }
    const fault = await attempt(libdatachannel, { change: otherFingerprint, ...soon }, stop.signal).catch(
      error => error,
    )
    assert.ok(['no_channel', 'no_path'].includes(fault.message), String(fault))
    assert.ok(fault instanceof WatchFault)
    const [viewer] = viewers.values()
    assert.deepEqual([viewer?.isOpen(), viewer?.received.packets], [false, 0])
  })

  it('one that passes the guard and has no confirm gets no packet, and its session ends', async () => {
    const viewer = await webrtcbin.open()
    viewers.set(viewer, viewer)
    const made = await offerOnce({ view: owner.view, socket: owner.socket }, camera, { sdp: viewer.offer })
    await viewer.accept(made.sdp, 30_000)
    await until(() => viewer.messages.some(text => text.includes('not_confirmed')), {
      timeout: CONFIRMING_MS + 25_000,
      what: 'the end of the session',
    })
    await sleep(200)
    assert.equal(viewer.received.packets, 0)
  })
})
