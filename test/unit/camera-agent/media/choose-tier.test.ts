import assert from 'node:assert/strict'
import {
  type Choice,
  chooseTier,
  MAX_HOLD_MS,
  REGRET_MS,
  UP_HOLD_MS,
  UP_MARGIN,
} from '@ownsight/camera-agent/media/choose-tier'

const OFFERS = [
  { name: 'best', needs: 1_000_000 },
  { name: 'fair', needs: 300_000 },
  { name: 'poor', needs: 50_000 },
]

/** Feeds budgets, one each 500 ms, and returns what was chosen at each. */
function run(budgets: (number | undefined)[], offers = OFFERS) {
  let choice: Choice<string> | undefined
  return budgets.map((budget, i) => {
    choice = chooseTier(budget, i * 500, choice, offers)
    return choice.name
  })
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
const HELD = UP_HOLD_MS / 500

describe('choice of tier', () => {
  it('begins with the best while nothing is known, and with what fits when something is', () => {
    assert.deepEqual(run([undefined, undefined]), ['best', 'best'])
    assert.deepEqual(run([400_000]), ['fair'])
    assert.deepEqual(run([1000]), ['poor'])
  })

  it('goes down at once, as far as needed, and to the last when nothing fits', () => {
    assert.deepEqual(run([2e6, 999_999]), ['best', 'fair'])
    assert.deepEqual(run([2e6, 60_000]), ['best', 'poor'])
    assert.deepEqual(run([2e6, 1]), ['best', 'poor'])
  })

  it('goes up only after the better one has fitted for the whole hold', () => {
    const chosen = run([60_000, ...times(HELD, 5e6), 5e6])
    assert.deepEqual(chosen.slice(0, HELD + 1), times(HELD + 1, 'poor'))
    assert.equal(chosen.at(-1), 'best')
  })

  it('does not go up without the margin', () => {
    assert.ok(run([60_000, ...times(30, 300_000 * UP_MARGIN - 1)]).every(name => name === 'poor'))
    assert.equal(run([60_000, ...times(30, 300_000 * UP_MARGIN)]).at(-1), 'fair')
  })

  it('begins the hold anew when the budget falls short in between', () => {
    const chosen = run([60_000, ...times(HELD, 400_000), 60_000, ...times(HELD, 400_000)])
    assert.ok(chosen.every(name => name === 'poor'))
  })

  it('goes no higher than what fitted throughout the hold', () => {
    const chosen = run([60_000, ...times(HELD, 400_000), 5e6])
    assert.equal(chosen.at(-1), 'fair')
  })

  it('takes one step instead of two when the second is soon due', () => {
    const chosen = run([60_000, 400_000, 400_000, ...times(HELD + 1, 5e6)])
    assert.deepEqual([...new Set(chosen)], ['poor', 'best'])
  })

  it('does not wait longer for a better one because a lesser one was a mistake', () => {
    const mistakes = (budget: number) =>
      Array.from({ length: 3 }, (_, i) => [60_000, ...times(HELD * 2 ** i + 1, budget)]).flat()
    const later = [60_000, ...times(HELD + 1, 5e6)]
    assert.equal(run([...mistakes(400_000), ...later]).at(-1), 'best')
    assert.equal(run([...mistakes(5e6), ...later]).at(-1), 'poor')
  })

  it('does not swing with a budget that swings about a limit', () => {
    const chosen = run(Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 280_000 : 500_000)))
    assert.equal(chosen.filter((name, i) => i > 0 && name !== chosen[i - 1]).length, 0)
  })

  it('waits twice as long after a climb that was a mistake, up to a limit', () => {
    let choice: Choice<string> | undefined
    let now = 0
    const climbs: number[] = []
    for (let i = 0; i < 7; i++) {
      choice = chooseTier(60_000, now, choice, OFFERS)
      const from = now
      while (choice.name === 'poor') {
        now += 100
        choice = chooseTier(400_000, now, choice, OFFERS)
      }
      climbs.push(now - from)
      now += 100
    }
    const doubled = climbs.map((_, i) => Math.min(MAX_HOLD_MS, UP_HOLD_MS * 2 ** i))
    assert.deepEqual(
      climbs.map(ms => Math.round((ms - 100) / 1000) * 1000),
      doubled,
    )
    choice = chooseTier(60_000, now + REGRET_MS, choice, OFFERS)
    assert.equal(choice.holdMs, UP_HOLD_MS)
  })

  it('takes another at once when its own is offered no more', () => {
    const choice = chooseTier(400_000, 0, undefined, OFFERS)
    assert.equal(chooseTier(400_000, 1, choice, [OFFERS[0], OFFERS[2]] as typeof OFFERS).name, 'poor')
  })
})
