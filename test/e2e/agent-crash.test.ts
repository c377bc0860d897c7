import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { openBeacon } from '@ownsight/protocol/session'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { logOnDisk } from '../support/log-files.ts'
import { createOwner, type Owner, pairCamera, readPolicy, updatePolicy } from '../support/owner.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

const PAIR_STEPS = [
  'pair.first.accepted',
  'pair.third.accepted',
  'file.temp.written',
  'file.temp.synced',
  'file.renamed',
  'file.folder.synced',
  'pair.committed',
  'pair.acked',
]
const POLICY_STEPS = [
  'policy.accepted',
  'file.temp.written',
  'file.temp.synced',
  'file.renamed',
  'file.folder.synced',
  'policy.committed',
  'policy.acked',
]
/** Ten of each with `npm test -- --long`; the short form of every run keeps all the steps. */
const TIMES = process.env.OWNSIGHT_LONG ? 10 : 2
const preload = ['--import', join(import.meta.dirname, '../support/crash-at.ts')]

/** Kill -9 at every named step of pairing and of a policy write. */
describe('agent killed at every step', function () {
  this.timeout(300_000)
  let signaling: TestSignaling
  let owner: Owner

  // A server for each step: an owner may begin so many pairings a minute, no more.
  beforeEach(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
  })
  afterEach(async () => {
    owner.close()
    await signaling.close()
  })

  const start = (data?: string, step?: string, after?: string): TestAgent =>
    startAgent({
      server: signaling.origin,
      nodeArgs: preload,
      ...(data ? { data } : {}),
      env: {
        ...(step ? { CRASH_AT: step } : {}),
        ...(step?.startsWith('file.') && after ? { CRASH_AFTER: after } : {}),
      },
    })

  for (const step of PAIR_STEPS) {
    it(`${step} of pairing, ${TIMES} times: paired or not, never half`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const armed = start(undefined, step, 'pair.third.accepted')
        let acknowledged: PairedCamera | undefined
        try {
          acknowledged = await pairCamera(owner, await armed.code())
        } catch {
          // no message 4: the owner pins nothing
        }
        assert.equal((await armed.exited).signal, 'SIGKILL', `the step ${step} was reached`)
        await expectWhole(armed.data, acknowledged)
        await armed.dispose()
      }
    })
  }

  /** After the crash the agent either offers a code, and that code works, or it is paired and serves. */
  async function expectWhole(data: string, acknowledged: PairedCamera | undefined): Promise<void> {
    const again = start(data)
    const state = await again.report(
      report => report.event === 'pairing-code' || (report.event === 'online' && !report.note),
    )
    if (acknowledged) assert.equal(state.event, 'online', 'an acknowledged pairing was lost')
    if (state.event === 'pairing-code') {
      const camera = await pairCamera(owner, state.code)
      await again.report(isServing)
      assert.ok(camera.camId)
    }
    await again.kill()
  }

  for (const step of POLICY_STEPS) {
    it(`${step} of a policy write, ${TIMES} times: no acknowledged policy is lost, the epoch never goes back`, async () => {
      const fresh = startAgent({ server: signaling.origin })
      const camera = await pairCamera(owner, await fresh.code())
      await fresh.report(isServing)
      await fresh.kill()
      let acknowledged = await readPolicy(owner, camera)
      for (let i = 0; i < TIMES; i++) {
        const armed = start(fresh.data, step, 'policy.accepted')
        await armed.report(isServing)
        await beaconOf(camera, acknowledged.policy.n)
        const change = { privacy: !acknowledged.policy.privacy }
        const updated = await updatePolicy(owner, camera, acknowledged, change).catch(() => undefined)
        assert.equal((await armed.exited).signal, 'SIGKILL', `the step ${step} was reached`)
        acknowledged = await stateAfter(fresh.data, camera, updated ?? acknowledged, change)
      }
      await fresh.dispose()
    })
  }

  /** The policy in force after a clean start: what was acknowledged, or the one in flight; it is taken as the base. */
  async function stateAfter(
    data: string,
    camera: PairedCamera,
    known: Awaited<ReturnType<typeof readPolicy>>,
    change: { privacy: boolean },
  ) {
    const again = start(data)
    await again.report(isServing)
    const { n, ph } = await beaconOf(camera, known.policy.n)
    if (n !== known.policy.n) assert.equal(n, known.policy.n + 1)
    else assert.equal(ph, known.hash)
    // One clean write on top shows that the chain is whole; when the crashed write did land, it is the chain's head.
    const head = n === known.policy.n ? known : { policy: { ...known.policy, ...change, n }, hash: ph }
    const next = await updatePolicy(owner, camera, head, { privacy: !head.policy.privacy })
    await again.kill()
    // The log names every policy that was in force here, also the one that the crash kept from it at first.
    const entries = await logOnDisk(join(data, 'data', 'cameras', 'door'), camera.camId)
    const docs = entries.flatMap(entry => (entry.e === 'policy' || entry.e === 'pair' ? [entry.doc] : []))
    assert.deepEqual(docs.slice(-2), [ph, next.hash])
    return next
  }

  async function beaconOf(camera: PairedCamera, atLeast: number): Promise<{ n: number; ph: string }> {
    const beacon = await until(
      async () => {
        const reply = await owner.socket.timeout(5000).emitWithAck('beacon', { cam: camera.camId })
        return 'beacon' in reply ? String(reply.beacon) : undefined
      },
      { timeout: 20_000, every: 300, what: 'a beacon of the camera' },
    )
    const { payload } = await openBeacon(beacon, camera.key, camera.camId)
    assert.ok(payload.n >= atLeast, `epoch went back from ${atLeast} to ${payload.n}`)
    return payload
  }
})
