import assert from 'node:assert/strict'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import fc from 'fast-check'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { type LiveSession, watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

/** Live views that are misused; FUZZ_SEED repeats one run. */
const sessions = process.env.OWNSIGHT_LONG ? 100 : 4
const seed = Number(process.env.FUZZ_SEED ?? (process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1))

/** Of the right form and in any order, with envelopes that are none: the session goes on. */
const wellFormed = fc.oneof(
  fc.constantFrom<object>({ t: 'play' }, { t: 'pause' }, { t: 'alive' }, { t: 'listen', on: true }),
  fc.record({ t: fc.constant('tile'), height: fc.integer({ min: 1, max: 8640 }) }),
  fc.record({
    t: fc.constant('policy'),
    id: fc.nat(1000),
    policy: fc.string({ minLength: 1, maxLength: 2000 }),
  }),
  fc.record({ t: fc.constant('read'), id: fc.nat(1000), read: fc.string({ minLength: 1, maxLength: 2000 }) }),
)
/** Anything, mostly an object that begins like one of ours. */
const anything = fc.oneof(
  fc.string().map(text => text as unknown),
  fc.jsonValue(),
  fc
    .tuple(wellFormed, fc.dictionary(fc.string(), fc.jsonValue()))
    .map(([message, more]) => ({ ...message, ...more })),
  fc.record({
    t: fc.constantFrom('tile', 'policy', 'confirm', 'bye', '__proto__'),
    id: fc.jsonValue(),
    height: fc.jsonValue(),
  }),
)

describe('fuzz: a viewer in its own session', function () {
  this.timeout(sessions * 60_000)
  let signaling: SignalingProcess
  let agent: TestAgent
  let owner: Owner
  let camera: PairedCamera
  let honest: LiveSession
  before(async () => {
    signaling = await spawnTestSignaling()
    agent = startAgent({ server: signaling.origin })
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    honest = await watchLive(owner, camera)
  })
  after(async () => {
    await honest.close()
    owner.close()
    await agent.dispose()
    await signaling.close()
  })

  it(`says anything on the data channel, and only its own view ends (seed ${seed})`, async () => {
    const all = fc.tuple(fc.array(wellFormed, { minLength: 30, maxLength: 60 }), anything)
    for (const [messages, last] of fc.sample(all, { numRuns: sessions, seed })) {
      const session = await watchLive(owner, camera)
      for (const message of messages) session.viewer.send(JSON.stringify(message))
      const asked = messages.filter(message =>
        ['policy', 'read'].includes((message as { t: string }).t),
      ).length
      await until(() => session.heard('refused').length === asked, { timeout: 20_000, what: 'every refusal' })
      session.viewer.send(typeof last === 'string' ? last : JSON.stringify(last))
      await session.close()
    }
    const frames = honest.viewer.rtp.length
    await until(() => honest.viewer.rtp.length > frames, {
      timeout: 10_000,
      what: 'the other viewer’s picture',
    })
    assert.equal(agent.child.exitCode, null)
    assert.doesNotMatch(agent.stderr(), /Error/)
  })
})
