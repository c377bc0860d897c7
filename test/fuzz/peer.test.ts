import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import fc from 'fast-check'
import type { FromInside, ToInside } from '../support/inside-tap.ts'
import { until } from '../support/wait.ts'
import { createViewer, type WeriftViewer } from '../support/werift-viewer.ts'

/** Sessions of each kind, each with a seed of its own; FUZZ_SEED repeats one. */
const sessions = process.env.OWNSIGHT_LONG ? 40 : 2
const packets = process.env.OWNSIGHT_LONG ? 5000 : 1500
const seed = Number(process.env.FUZZ_SEED ?? (process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1))
const tap = join(import.meta.dirname, '..', 'support', 'inside-tap.ts')

describe('fuzz: a peer that has proved everything, and says anything', function () {
  this.timeout(sessions * 60_000)
  // Mocha passes over a rejection that nobody handles; the agent would end with it.
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  before(() => {
    installGuard()
    process.on('unhandledRejection', note)
  })
  after(() => process.off('unhandledRejection', note))

  let camera: CameraPeer | undefined
  let viewer: WeriftViewer | undefined
  afterEach(async () => {
    await camera?.close()
    await viewer?.close()
  })

  async function open(): Promise<{ camera: CameraPeer; viewer: WeriftViewer }> {
    viewer = await createViewer({ talk: true, preload: tap })
    camera = await acceptOffer(viewer.offer, { signal: new AbortController().signal })
    await viewer.accept(camera.answer, 30_000)
    await camera.open
    return { camera, viewer }
  }

  async function say(kind: ToInside['kind'], by: number): Promise<void> {
    if (!viewer) throw new Error('no viewer')
    const ask: ToInside = { do: 'inside', kind, count: packets, seed: by }
    const told = once(viewer.child, 'message')
    viewer.child.send(ask)
    for (let reply = (await told)[0] as FromInside; reply.is !== 'said'; )
      reply = (await once(viewer.child, 'message'))[0] as FromInside
  }

  for (const kind of ['sctp', 'rtp', 'rtcp'] as const)
    it(`${kind}: the session goes on or ends with a reason, and nothing else happens (seed ${seed})`, async () => {
      for (const by of fc.sample(fc.nat(), { numRuns: sessions, seed })) {
        const session = await open()
        session.camera.onMessage(() => undefined)
        await say(kind, by)
        session.viewer.send('{"t":"alive"}')
        await session.camera.close()
        assert.ok(['local', 'peer_closed', 'foreign_channel'].includes(await session.camera.closed))
        await session.viewer.close()
        assert.deepEqual(unhandled, [])
      }
    })

  it('afterwards the next session is as ever', async () => {
    const session = await open()
    const heard: string[] = []
    session.camera.onMessage(text => heard.push(text))
    session.viewer.send('hello')
    await until(() => heard[0] === 'hello', { timeout: 10_000, what: 'a message' })
  })
})
