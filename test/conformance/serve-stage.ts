import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { startClock } from '@ownsight/camera-agent/camera-clock'
import type { Seat } from '@ownsight/camera-agent/load'
import type { ServeContext, Server } from '@ownsight/camera-agent/serve'
import { openWindow } from '@ownsight/camera-agent/window'
import { envelopeHash } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Policy, Right } from '@ownsight/protocol/messages'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import { newSid, openRefusal, sealConfirm, sealOffer } from '@ownsight/protocol/session'
import { type Home, inForce, newHome } from '../unit/protocol/fixtures.ts'
import { description } from '../unit/protocol/sdp.ts'
import { type FakePeer, peers } from './fake-peer.ts'

/** What a test of the camera's sessions may look at and change. */
type Stage = {
  home: Home
  policy: PolicyInForce
  server: Server
  win: string
  counts: string[]
  subscriptions: number
  /** how many listen to the source, and one more packet of its sound to the last of them */
  listeners: number
  emitSound: () => void
  /** the source yields one more frame */
  emit: (key?: boolean) => void
  /** how often a key frame was asked for */
  keyframes: number
  /** how high viewers said they draw the picture */
  heights: number[]
  log: string[]
  /** of the sessions that ended */
  ways: string[]
  /** what a line about a live session waits for */
  logged: () => Promise<void>
  /** whether the log can be written */
  ready: boolean
  /** asked when somebody comes: whether the agent has a seat, and who has gone again */
  hasSeat: (signal?: AbortSignal) => Promise<boolean>
  released: number
}

/** The camera's side of a session with every part real but the peer connection and the source; for one `describe`. */
export function openStage() {
  const stage = {} as Stage
  let createServer: typeof import('@ownsight/camera-agent/serve').createServer

  before(async () => {
    // A copy of serve.ts of its own, with the fake in the place of WebRTC.
    const fake = new URL('./fake-peer.ts', import.meta.url).href
    const hooks = registerHooks({
      resolve: (specifier, context, next) =>
        specifier === './rtc/peer.ts' && context.parentURL?.endsWith('serve.ts?fake')
          ? { url: fake, format: 'module-typescript', shortCircuit: true }
          : next(specifier, context),
    })
    const real = import.meta.resolve('@ownsight/camera-agent/serve')
    createServer = (await import(`${real}?fake`)).createServer
    hooks.deregister()
    stage.home = await newHome()
  })

  beforeEach(async () => {
    stage.policy = await inForce(stage.home)
    peers.length = 0
    stage.counts = []
    stage.subscriptions = 0
    stage.heights = []
    stage.emit = () => undefined
    stage.listeners = 0
    stage.emitSound = () => undefined
    stage.keyframes = 0
    let ticks = 1
    stage.log = []
    stage.ways = []
    stage.logged = async () => undefined
    stage.ready = true
    stage.hasSeat = async () => true
    stage.released = 0
    const seat: Seat = {
      settled: () => undefined,
      mayProbe: () => true,
      isThinned: () => false,
      release: () => void stage.released++,
    }
    const write = (line: string) => void stage.log.push(line)
    const journal: ServeContext['journal'] = {
      ready: async () => stage.ready,
      live: async ({ n }) => {
        await stage.logged()
        write(`live ${n}`)
      },
      foreign: () => write('foreign'),
      close: async ({ reason, s, path }) => write(`close ${reason} ${s} ${path}`),
      refused: async ({ code }) => write(`refused ${code}`),
      ignored: code => write(`ignored ${code}`),
    }
    const window = openWindow(() => 0)
    stage.win = window.nonces()[0] ?? ''
    const share = {
      subscribe: (_: string, onFrame: (frame: unknown) => void) => {
        stage.subscriptions++
        stage.emit = (key = true) => onFrame({ payloads: [], timestamp: ++ticks, key })
        onFrame({ payloads: [], timestamp: ticks, key: true })
        return {
          close: () => stage.subscriptions--,
          requestKeyframe: () => stage.keyframes++,
          setHeight: (pixels: number) => stage.heights.push(pixels),
          hear: (_: unknown, onSound: (frame: unknown) => void) => {
            stage.listeners++
            stage.emitSound = () => onSound({ codec: 'opus', at: ++ticks, payload: Buffer.alloc(1) })
            return { setLoss: () => undefined, close: () => stage.listeners-- }
          },
        }
      },
      status: () => ({ state: 'live', sound: 'aac' }),
      onStatus: () => () => {},
    }
    stage.server = createServer({
      cam: stage.home.cam,
      policies: { current: () => stage.policy } as never,
      window,
      clock: startClock(0),
      share: share as never,
      journal,
      control: {
        policy: async (jws, reply) => reply({ ack: jws }),
        readInSession: async (jws, th) => ({ policy: jws, status: th }),
      },
      load: {
        admit: async signal => ((await stage.hasSeat(signal)) ? seat : undefined),
        used: () => 0,
        close: () => undefined,
      },
      peerOptions: {} as never,
      onCount: (code, reason) => void stage.counts.push(reason === undefined ? code : `${code} ${reason}`),
      onViewers: () => {},
      onWay: way => void stage.ways.push(way),
    })
  })
  afterEach(() => stage.server.close())

  async function attempt(view = stage.home.view, change: { start?: 'now' | 'hold'; want?: Right[] } = {}) {
    const sid = newSid()
    const { offer, oh } = await sealOffer({
      view,
      camId: stage.home.cam.id,
      win: stage.win,
      sid,
      sdp: description('offer'),
      want: change.want ?? ['view'],
      start: change.start ?? 'now',
    })
    return {
      offer,
      attempt: { pin: stage.home.cam.publicKey, camId: stage.home.cam.id, view: view.id, sid, oh },
    }
  }
  type Made = Awaited<ReturnType<typeof attempt>>
  const answerOf = async (jws: string): Promise<string> => {
    const reply = await stage.server.offer(jws)
    assert.ok(reply && 'answer' in reply, JSON.stringify(reply))
    return reply.answer
  }
  async function refusal(made: Made): Promise<string> {
    const reply = await stage.server.offer(made.offer)
    assert.ok(reply && 'refuse' in reply, JSON.stringify(reply))
    return (await openRefusal(reply.refuse, made.attempt)).payload.code
  }
  async function confirmOf(made: Made, answer: string, view = stage.home.view): Promise<string> {
    return (await sealConfirm(view, { ...made.attempt, ah: await envelopeHash(answer) })).confirm
  }
  const peer = (at = -1): FakePeer => {
    const found = peers.at(at)
    assert.ok(found)
    return found
  }
  async function live(view = stage.home.view, change: { start?: 'now' | 'hold'; want?: Right[] } = {}) {
    const made = await attempt(view, change)
    const answer = await answerOf(made.offer)
    const mine = peer()
    mine.open()
    await new Promise(resolve => setImmediate(resolve))
    mine.say({ t: 'confirm', jws: await confirmOf(made, answer, view) })
    await mine.heard('confirmed')
    return { made, answer, peer: mine }
  }
  const guests = async (count: number): Promise<KeyPair[]> => {
    const keys = await Promise.all(Array.from({ length: count }, () => generateKeyPair()))
    const viewers: Policy['viewers'] = [stage.home.view, ...keys].map(({ publicKey }) => ({
      k: publicKey,
      r: ['view'],
    }))
    stage.policy = await inForce(stage.home, { viewers })
    return keys
  }

  return { stage, attempt, answerOf, refusal, confirmOf, peer, live, guests }
}
