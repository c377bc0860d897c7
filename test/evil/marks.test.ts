import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { collectMarks, liveState, takeMarks, testId } from '../support/app.ts'
import { until } from '../support/wait.ts'
import { type EvilHouse, openEvilHouse } from './evil-house.ts'
import { FAULT_NAMES } from './faults.ts'
import { onlyOwn } from './marks.ts'

type Seat = { page: Page; camera: string; camId: string }

describe('evil: random faults under two homes in real browsers', function () {
  this.timeout(300_000)
  const key = randomBytes(32)
  const source = {
    kind: 'test-pattern',
    width: 320,
    height: 180,
    fps: 10,
    mark: { key: key.toString('base64url') },
  }
  const rounds = process.env.OWNSIGHT_LONG ? 25 : 4
  let house: EvilHouse
  const seats: Seat[] = []
  before(async () => {
    house = await openEvilHouse({ seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) })
    for (const [member, cameras] of [
      ['ada', ['Door', 'Garden']],
      ['ben', ['Door', 'Attic']],
    ] as const) {
      const page = await house.member(member)
      await collectMarks(page)
      const agent = house.agent(cameras.map(name => ({ name, source })))
      for (const camera of cameras) seats.push({ page, camera, camId: await house.pair(page, agent, camera) })
    }
  })
  after(() => house?.close())

  const leave = (page: Page) => page.getByRole('link', { name: 'Ownsight' }).click()

  /** From the list to ten frames of this camera; a person who waits in vain reloads the page. */
  async function see(seat: Seat): Promise<number> {
    const { page, camera } = seat
    for (let patience = 0; patience < 6; patience++) {
      const seen = await look(seat)
      if (seen >= 10) return seen
      process.stdout.write(`    ${camera}: ${await testId(page, 'failure').allInnerTexts()}, reloaded\n`)
      await page.reload()
      await collectMarks(page)
    }
    throw new Error(`${camera} never came; seed ${house.evil.seed}`)
  }

  async function look({ page, camera, camId }: Seat): Promise<number> {
    let seen = 0
    await testId(page, 'camera').getByRole('button', { name: camera }).click()
    const enough = async () => {
      seen += onlyOwn((await takeMarks(page)).marks, camId, key)
      return seen >= 10 || (await liveState(page)) === 'ended'
    }
    await until(enough, { timeout: 20_000, every: 200, what: 'frames' }).catch(() => undefined)
    if (seen < 10) return seen
    await leave(page)
    // What was still on its way when the page was left is nobody's picture afterwards.
    return seen + onlyOwn((await takeMarks(page)).marks, camId, key)
  }

  it('attack 46: every frame that is drawn is of its own camera, and every honest session comes about', async () => {
    process.stdout.write(`    seed ${house.evil.seed}\n`)
    house.evil.randomly({ rate: 0.1 })
    const counts: number[] = []
    for (let round = 0; round < rounds; round++) {
      const pages = [seats.slice(0, 2), seats.slice(2)]
      await Promise.all(
        pages.map(async mine => {
          for (const seat of mine) counts.push(await see(seat))
        }),
      )
    }
    house.evil.randomly(undefined)
    const frames = counts.reduce((sum, each) => sum + each, 0)
    assert.ok(frames >= rounds * seats.length * 10)
    const done = FAULT_NAMES.filter(name => house.evil.counts[name])
    process.stdout.write(
      `    ${frames} frames; faults: ${done.map(name => `${name} ${house.evil.counts[name]}`).join(', ')}\n`,
    )
    assert.ok(done.length >= 5, done.join(' '))
  })

  it('attack 46: a frame of another camera would be found out', () => {
    const [one, other] = seats
    assert.ok(one && other)
    const mark = { version: 1, camera: '0011223344556677', counter: 1, mac: '0000000000' }
    assert.throws(() => onlyOwn([mark], one.camId, key), /another camera/)
  })
})
