import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { compareHeads, type LogEntry, type LogPlace, logStart, readLines } from '@ownsight/protocol/log-chain'
import type { Policy, Right } from '@ownsight/protocol/messages'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { sealNextPolicy } from '@ownsight/protocol/policy-change'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { type LiveSession, offerOnce, watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { change, Refused, readStatus } from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { createViewer } from '../support/werift-viewer.ts'

/** Who saw my camera: the log of a real agent, read by an owner over a live session. */
describe('the camera’s log', function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let owner: Owner
  let agent: TestAgent
  let camera: PairedCamera
  let file = ''

  beforeEach(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
    agent = startAgent({ server: signaling.origin })
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    file = join(agent.data, 'data', 'cameras', 'door', 'log-000000.jsonl')
  })
  afterEach(async () => {
    owner.close()
    await agent.dispose()
    await signaling.close()
  })

  const watch = (view = owner.view): Promise<LiveSession> => watchLive({ view, socket: owner.socket }, camera)
  /** What an admin's device does with the lines it gets. */
  async function read(session: LiveSession, after?: LogPlace) {
    const from = after ?? (await logStart(camera.camId))
    const { lines, head } = await session.readLog(owner.admin, from.i)
    const { entries, place } = await readLines(from, lines)
    assert.deepEqual(place, { i: head.i, h: head.h }, 'the lines lead up to the head')
    return { entries, place, head }
  }
  async function readOnce(after?: LogPlace) {
    const session = await watch()
    try {
      return await read(session, after)
    } finally {
      await session.close()
    }
  }
  const kinds = (entries: LogEntry[]) => entries.map(({ e }) => e)
  async function restart(between: () => void = () => undefined): Promise<void> {
    await agent.kill('SIGKILL')
    between()
    agent = startAgent({ server: signaling.origin, data: agent.data })
    await agent.report(isServing)
  }

  it('tells who watched, for how long, under which policy, and survives a kill', async () => {
    const guest = await generateKeyPair()
    const { n, hash } = await change(owner.socket, owner.admin, camera, [
      { op: 'admit', k: guest.publicKey, r: ['view'] },
    ])
    const theirs = await watch(guest)
    await theirs.close()
    const viewer = await createViewer()
    const again = { sdp: viewer.offer, want: ['ptz' as const] }
    await assert.rejects(offerOnce({ view: guest, socket: owner.socket }, camera, again), Refused)
    await viewer.close()
    const first = await readOnce()
    assert.deepEqual(kinds(first.entries), ['pair', 'boot', 'policy', 'live', 'close', 'refused', 'live'])
    const [, , policy, live, close, refused] = first.entries
    assert.ok(policy?.e === 'policy' && policy.doc === hash && policy.n === n)
    assert.ok(live?.e === 'live' && live.viewer === guest.id && live.n === n)
    assert.ok(close?.e === 'close' && close.viewer === guest.id && close.s >= 1 && close.sid === live.sid)
    assert.ok(refused?.e === 'refused' && refused.code === 'no_right')
    assert.deepEqual(first.head.c, { live: 2, ended: 1, foreign: 0, refused: { no_right: 1 } })
    await restart()
    const second = await readOnce(first.place)
    assert.ok(kinds(second.entries).includes('boot'))
    assert.equal(compareHeads(first.place, second.head), 'longer')
    assert.equal(second.head.c.live, 3)
    assert.equal(readFileSync(file, 'utf8').includes('candidate'), false)
  })

  it('a guest does not read it, nor does an admin’s question of another session', async () => {
    const guest = await generateKeyPair()
    await change(owner.socket, owner.admin, camera, [{ op: 'admit', k: guest.publicKey, r: ['view'] }])
    const theirs = await watch(guest)
    await assert.rejects(theirs.readLog(guest, 0), { code: 'unknown_viewer' })
    const mine = await watch()
    await assert.rejects(theirs.readLog(owner.admin, 0, mine.th), { code: 'bad_hash' })
    await mine.close()
    await theirs.close()
  })

  it('is read in pages', async () => {
    const session = await watch()
    let inForce: { policy: Policy; hash: string } = await readStatus(owner.socket, owner.admin, camera)
    for (let i = 0; i < 130; i++) {
      const r: Right[] = i % 2 === 0 ? ['view', 'ptz'] : ['view', 'audio']
      const next = await sealNextPolicy(owner.admin, inForce, [{ op: 'rights', k: owner.view.id, r }])
      await session.deliver(next)
      inForce = next
    }
    const { lines, pages } = await session.readLog(owner.admin, 0)
    assert.ok(lines.length > 130 && pages > 1, `${lines.length} lines on ${pages} pages`)
    await readLines(await logStart(camera.camId), lines)
    await session.close()
  })

  it('attack 47: a dropped tail, a changed line, an old copy: an owner’s device notices each', async () => {
    const backup = readFileSync(file)
    const seen = await readOnce()
    await restart(() => writeFileSync(file, backup))
    const session = await watch()
    const { head } = await session.readLog(owner.admin, 0)
    if (compareHeads(seen.place, head) === 'longer') await assert.rejects(read(session, seen.place))
    else assert.ok(['shorter', 'forked'].includes(compareHeads(seen.place, head)))
    await session.close()

    await restart(() => {
      const changed = readFileSync(file, 'utf8').replace('"e":"boot"', '"e":"boot" ')
      writeFileSync(file, changed)
    })
    const after = await watch()
    await assert.rejects(read(after), { code: 'bad_hash' })
    await after.close()
  })
})
