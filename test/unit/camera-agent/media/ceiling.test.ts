import assert from 'node:assert/strict'
import { createCeiling } from '@ownsight/camera-agent/media/ceiling'
import { TIERS } from '@ownsight/camera-agent/media/tier'

describe('ceiling', () => {
  const open = () => {
    let now = 0
    const ceiling = createCeiling(() => now)
    const dropped = () => TIERS.filter(tier => !ceiling.allows(tier))
    return {
      ceiling,
      dropped,
      wait: (ms: number) => {
        now += ms
      },
    }
  }

  it('gives up the dearest encoding that runs, one at a time', () => {
    const { ceiling, dropped, wait } = open()
    assert.ok(ceiling.behind(['low', 'mid']))
    assert.deepEqual(dropped(), ['mid'])
    assert.ok(!ceiling.behind(['low']), 'the last step has not shown yet')
    wait(3000)
    assert.ok(ceiling.behind(['low']))
    assert.deepEqual(dropped(), ['mid', 'low'])
    wait(3000)
    assert.ok(!ceiling.behind([]))
  })

  it('allows one again after a quiet minute, and after two when that was too much', () => {
    const { ceiling, dropped, wait } = open()
    ceiling.behind(['mid'])
    wait(59_999)
    assert.ok(!ceiling.rest())
    wait(1)
    assert.ok(ceiling.rest())
    assert.deepEqual([dropped(), ceiling.any()], [[], false])
    wait(5000)
    ceiling.behind(['mid'])
    wait(60_000)
    assert.ok(!ceiling.rest())
    wait(60_000)
    assert.ok(ceiling.rest())
  })
})
