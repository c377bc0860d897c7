import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair } from '@ownsight/protocol/ids'
import type { LogEntry } from '@ownsight/protocol/log-chain'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { watchLive } from '../support/live-session.ts'
import { logOnDisk } from '../support/log-files.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { beaconOf, invite, readStatus, redeem, release } from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'

const FILE_STEPS = ['file.temp.written', 'file.temp.synced', 'file.renamed', 'file.folder.synced']
const REDEEM_STEPS = ['redeem.accepted', ...FILE_STEPS, 'redeem.committed', 'redeem.acked']
const LINE_STEPS = ['log.line.begun', 'log.line.written', 'log.line.synced', 'log.line.kept']
const FIRST_LINE_STEPS = ['log.segment.made', ...LINE_STEPS, 'log.folder.synced']
const RESET_STEPS = ['reset.accepted', ...FILE_STEPS, 'reset.key.replaced', 'reset.log.erased']
RESET_STEPS.push('reset.state.erased', 'reset.done')
/** Ten of each with `npm test -- --long`; the short form of every run keeps all the steps. */
const TIMES = process.env.OWNSIGHT_LONG ? 10 : 2
const preload = ['--import', join(import.meta.dirname, '../support/crash-at.ts')]

type Armed = { step: string; after?: string; skip?: number; args?: string[] }

/** Kill -9 at every named step of a redemption, of a line of the log, and of a reset. */
describe('agent killed at every step, under an owner', function () {
  this.timeout(300_000)
  let signaling: TestSignaling
  let owner: Owner
  const agents: TestAgent[] = []

  // A server for each step: an owner may begin so many pairings a minute, no more.
  beforeEach(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
  })
  afterEach(async () => {
    owner.close()
    for (const agent of agents.splice(0)) await agent.dispose()
    await signaling.close()
  })

  function start(data?: string, armed?: Armed): TestAgent {
    const agent = startAgent({
      server: signaling.origin,
      nodeArgs: preload,
      ...(data ? { data } : {}),
      ...(armed?.args ? { args: armed.args } : {}),
      env: {
        ...(armed ? { CRASH_AT: armed.step } : {}),
        ...(armed?.after ? { CRASH_AFTER: armed.after } : {}),
        ...(armed?.skip ? { CRASH_SKIP: String(armed.skip) } : {}),
      },
    })
    agents.push(agent)
    return agent
  }
  const folderOf = (agent: TestAgent) => join(agent.data, 'data', 'cameras', 'door')
  async function crashed(agent: TestAgent, step: string): Promise<void> {
    assert.equal((await agent.exited).signal, 'SIGKILL', `the step ${step} was reached`)
  }
  async function paired(): Promise<{ data: string; camera: PairedCamera }> {
    const agent = start()
    const camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    await agent.kill()
    return { data: agent.data, camera }
  }
  async function online(data: string, armed?: Armed): Promise<TestAgent> {
    const agent = start(data, armed)
    await agent.report(isServing)
    return agent
  }
  const fileAfter = (step: string, after: string) => (step.startsWith('file.') ? { step, after } : { step })

  for (const step of REDEEM_STEPS)
    it(`${step} of a redemption, ${TIMES} times: what was confirmed is kept, and nothing is half kept`, async () => {
      const { data, camera } = await paired()
      for (let i = 0; i < TIMES; i++) {
        const armed = await online(data, fileAfter(step, 'redeem.accepted'))
        await beaconOf(owner.socket, camera.camId)
        const exp = Math.floor(Date.now() / 1000) + 3600
        const link = await invite(owner.socket, owner.admin, camera, { r: ['view'], exp })
        const guest = await generateKeyPair()
        const receipt = await redeem(owner.socket, link, guest).catch(() => undefined)
        await crashed(armed, step)
        const again = await online(data)
        await beaconOf(owner.socket, camera.camId)
        const { status } = await readStatus(owner.socket, owner.admin, camera)
        const entry = status.payload.waiting.find(({ inv }) => inv === link.id)
        if (receipt) assert.ok(entry, 'a confirmed redemption was lost')
        if (entry) assert.deepEqual(entry.k, guest.publicKey)
        assert.equal(status.payload.waiting.length <= i + 1, true)
        await redeem(owner.socket, link, guest)
        await logOnDisk(folderOf(again), camera.camId)
        await again.kill()
      }
    })

  for (const step of FIRST_LINE_STEPS)
    it(`${step} of the first line of a log, ${TIMES} times: the chain begins with the pairing`, async () => {
      for (let i = 0; i < TIMES; i++) {
        const armed = start(undefined, { step, after: 'pair.committed' })
        const camera = await pairCamera(owner, await armed.code())
        await crashed(armed, step)
        const again = await online(armed.data)
        const entries = await logOnDisk(folderOf(again), camera.camId)
        assert.deepEqual(
          entries.map(({ e }) => e),
          ['pair', 'boot'],
        )
        await again.kill()
      }
    })

  for (const step of LINE_STEPS)
    it(`${step} of the line about a live session, ${TIMES} times: no picture without it, the chain goes on`, async () => {
      const { data, camera } = await paired()
      let known: LogEntry[] = []
      for (let i = 0; i < TIMES; i++) {
        // The first line of each start says that it started.
        const armed = await online(data, { step, skip: 1 })
        await beaconOf(owner.socket, camera.camId)
        const seen = await watchLive({ view: owner.view, socket: owner.socket }, camera, {
          patience: 3000,
        }).then(
          async session => {
            const packets = session.viewer.rtp.length
            await session.close()
            return packets
          },
          () => 0,
        )
        await crashed(armed, step)
        assert.equal(seen, 0, 'a picture was seen and no line is kept')
        const again = await online(data)
        const entries = await logOnDisk(folderOf(again), camera.camId)
        assert.deepEqual(entries.slice(0, known.length), known, 'a line that was kept is gone')
        if (step === 'log.line.synced' || step === 'log.line.kept')
          assert.equal(entries.at(-2)?.e, 'live', 'a line that was synced is gone')
        known = entries
        await again.kill()
      }
    })

  for (const how of ['release', 'reset'] as const)
    for (const step of how === 'release' ? [...RESET_STEPS, 'reset.acked'] : RESET_STEPS)
      it(`${step} of a ${how}, ${TIMES} times: the old camera whole, or a new one and nothing of the old`, async () => {
        for (let i = 0; i < TIMES; i++) {
          const { data, camera } = await paired()
          const armed = fileAfter(step, 'reset.accepted')
          let confirmed = false
          if (how === 'reset') await crashed(start(data, { ...armed, args: ['--reset'] }), step)
          else {
            const agent = await online(data, armed)
            await beaconOf(owner.socket, camera.camId)
            confirmed = await release(owner.socket, owner.admin, camera).then(
              () => true,
              () => false,
            )
            await crashed(agent, step)
          }
          await expectWhole(data, camera, confirmed)
        }
      })

  async function expectWhole(data: string, camera: PairedCamera, gone: boolean): Promise<void> {
    const again = start(data)
    const state = await again.report(report => report.event === 'pairing-code' || isServing(report))
    const folder = folderOf(again)
    if (state.event === 'pairing-code') {
      assert.ok(!state.code.includes(camera.camId), 'the old key is offered again')
      assert.deepEqual(readdirSync(folder), ['key.json'])
    } else {
      assert.equal(gone, false, 'a confirmed release did not happen')
      assert.equal(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).camId, camera.camId)
      const [first] = await logOnDisk(folder, camera.camId)
      assert.equal(first?.e, 'pair')
    }
    await again.kill()
  }
})
