import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { Page } from 'playwright-core'
import type { TestAgent } from '../support/agent.ts'
import { collectMarks, takeMarks, testId, untilState } from '../support/app.ts'
import { type House, openHouse, sourceProcesses } from '../support/house.ts'
import type { ReadMark } from '../support/mark-reader.ts'
import { until } from '../support/wait.ts'

/** Of the frames a page drew: whose camera each was, by its mark, and how many could not be read. */
function judge(marks: ReadMark[], camId: string, key: Uint8Array) {
  const own = marks.filter(mark => mark.camera === cameraTag(camId))
  return {
    own: own.length,
    foreign: marks.length - own.length,
    forged: own.filter(mark => !verifyMark(mark, camId, key)).length,
    backwards: own.filter((mark, i) => mark.counter < (own[i - 1]?.counter ?? 0)).length,
  }
}

describe('two homes, two cameras each', function () {
  this.timeout(180_000)
  const key = randomBytes(32)
  const source = {
    kind: 'test-pattern',
    width: 320,
    height: 180,
    fps: 10,
    mark: { key: key.toString('base64url') },
  }
  const plan = [
    { home: 0, camera: 'Door', member: 'ada' },
    { home: 0, camera: 'Garden', member: 'ben' },
    { home: 1, camera: 'Door', member: 'cem' },
    { home: 1, camera: 'Attic', member: 'dot' },
  ]
  let house: House
  const homes: TestAgent[] = []
  const seats: { page: Page; camId: string; agent: TestAgent; camera: string }[] = []

  before(async () => {
    house = await openHouse()
    for (const home of [0, 1])
      homes.push(
        house.agent(plan.filter(seat => seat.home === home).map(({ camera }) => ({ name: camera, source }))),
      )
    for (const { home, camera, member } of plan) {
      const agent = homes[home]
      assert.ok(agent)
      const page = await house.member(member)
      await collectMarks(page)
      const report = await agent.report(each => each.event === 'pairing-code' && each.camera === camera)
      const camId = 'code' in report ? (report.code.split(':')[2] ?? '') : ''
      await house.pairAndWatch(page, agent, camera)
      seats.push({ page, camId, agent, camera })
    }
  })
  after(() => house?.close())

  it('every frame that four browsers draw carries the mark of its own camera', async () => {
    const read: ReadMark[][] = seats.map(() => [])
    let unread = 0
    await until(
      async () => {
        for (const [i, { page }] of seats.entries()) {
          const seen = await takeMarks(page)
          read[i]?.push(...seen.marks)
          unread += seen.unread
        }
        return read.every(marks => marks.length >= 100)
      },
      { timeout: 60_000, every: 500, what: '100 frames in each browser' },
    )
    for (const [i, { camId }] of seats.entries()) {
      const verdict = judge(read[i] ?? [], camId, key)
      assert.deepEqual(
        { foreign: verdict.foreign, forged: verdict.forged, backwards: verdict.backwards },
        { foreign: 0, forged: 0, backwards: 0 },
      )
    }
    assert.equal(unread, 0, 'every frame was read')
    // The same judgement with two cameras swapped must speak up, or it could not have failed above.
    const swapped = judge(read[0] ?? [], seats[1]?.camId ?? '', key)
    assert.equal(swapped.foreign, read[0]?.length)
    assert.ok(judge(read[0] ?? [], seats[0]?.camId ?? '', randomBytes(32)).forged > 0)
  })

  it("a run in which two cameras draw each other's marks is found out", async () => {
    const [, victim] = seats
    const [seat] = seats
    assert.ok(seat && victim)
    const agent = house.agent([{ name: 'Cellar', source }], {
      nodeArgs: ['--import', join(import.meta.dirname, '../support/without.ts')],
      env: {
        WITHOUT_FILE: 'camera-agent/src/serve-online.ts',
        WITHOUT_TEXT: 'cameraName: name, camId: cam.id',
        WITHOUT_REPLACEMENT: `cameraName: name, camId: '${victim.camId}'`,
      },
    })
    const report = await agent.report(each => each.event === 'pairing-code')
    const camId = 'code' in report ? (report.code.split(':')[2] ?? '') : ''
    const page = await house.member('eva')
    await collectMarks(page)
    await house.pairAndWatch(page, agent, 'Cellar')
    const seen = await until(
      async () => {
        const { marks } = await takeMarks(page)
        return marks.length >= 10 && marks
      },
      { timeout: 20_000, every: 2000, what: 'ten frames' },
    )
    const verdict = judge(seen, camId, key)
    assert.equal(verdict.own, 0)
    assert.equal(verdict.foreign, seen.length)
  })

  it('three viewers of one camera share one source process, which ends a little after the last', async () => {
    const [seat] = seats
    assert.ok(seat)
    const { page, agent, camera } = seat
    const before = sourceProcesses(agent.child.pid ?? 0).length
    const more: Page[] = []
    for (let i = 0; i < 2; i++) {
      const tab = await page.context().newPage()
      await tab.goto(house.signaling().origin)
      await testId(tab, 'camera').getByRole('button', { name: camera }).click()
      await untilState(tab, 'live')
      more.push(tab)
    }
    await agent.report(
      report => report.event === 'watching' && report.camera === camera && report.viewers === 3,
    )
    assert.equal(sourceProcesses(agent.child.pid ?? 0).length, before)
    for (const tab of more) await tab.close()
    await page.getByRole('button', { name: 'Cameras', exact: false }).first().click()
    await until(() => sourceProcesses(agent.child.pid ?? 0).length === before - 1, {
      timeout: 60_000,
      what: 'the end of the source nobody watches',
    })
  })
})
