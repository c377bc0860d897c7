import assert from 'node:assert/strict'
import { type Mishap, planHours } from '../../bench/eight/plan.ts'
import { seededRandom } from '../../evil/world.ts'

const HOME = { cameras: 8, people: 6, processes: 3, heard: [1, 2], plain: [2] }
const plan = (visits: number, hours: number, rests: number, seed = 1) =>
  planHours(HOME, { visits, hours, rests, random: seededRandom(seed) })

describe('bench: the plan of a day', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(plan(200, 24, 10), plan(200, 24, 10))
    assert.notDeepEqual(plan(200, 24, 10), plan(200, 24, 10, 2))
  })

  it('has as many visits and rests as were asked for, in order, within its hours', () => {
    const { moments, seconds } = plan(2000, 24, 100)
    assert.equal(moments.flatMap(({ visits }) => visits).length, 2000)
    assert.equal(moments.filter(({ rest }) => rest).length, 100)
    assert.equal(moments.at(-1)?.rest, true)
    const times = moments.map(({ at }) => at)
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    )
    assert.ok(times.every(at => at >= 0 && at <= seconds))
  })

  it('lets everything happen, and crosses pipes in a short run too', () => {
    const kinds = (moments: readonly { mishap?: Mishap }[]) =>
      new Set(moments.flatMap(({ mishap }) => mishap?.is ?? []))
    const all = ['crash', 'outage', 'kill', 'swap', 'hang', 'remove', 'mute', 'expire', 'private']
    assert.deepEqual([...kinds(plan(2000, 24, 100).moments)].sort(), all.sort())
    assert.ok(kinds(plan(24, 1, 6).moments).has('swap'))
  })

  it('crosses two cameras, of which none is the one that is always watched', () => {
    for (const { mishap } of plan(2000, 24, 100).moments) {
      if (mishap?.is !== 'swap') continue
      const [one, other] = mishap.cameras
      assert.ok(one !== other && one > 0 && other > 0 && one < 8 && other < 8)
    }
  })

  it('never has one person open more at once than a camera lets them', () => {
    for (const { visits } of plan(2000, 24, 100).moments)
      for (let person = 0; person < HOME.people; person++)
        assert.ok(visits.filter(visit => visit.person === person).length <= 2)
  })
})
