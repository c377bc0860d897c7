import assert from 'node:assert/strict'
import { courseOf, hasNotGrown, isFlat } from '../../bench/eight/flat.ts'

describe('bench: flat', () => {
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`)

  it('compares the first quarter with the last, and the ends of the line through all', () => {
    const course = courseOf([100, 110, 120, 130, 140, 150, 160, 170])
    assert.deepEqual([course.first, course.last], [105, 165])
    near(course.change, 165 / 105 - 1)
    near(course.trend, 0.7)
  })

  it('calls flat what goes up and down, and not what creeps', () => {
    const noisy = Array.from({ length: 40 }, (_, i) => 100 + (i % 2) * 8)
    assert.ok(isFlat(courseOf(noisy), 0.1))
    const creeping = noisy.map((value, i) => value + i * 0.4)
    assert.equal(isFlat(courseOf(creeping), 0.1), false)
    assert.equal(hasNotGrown(courseOf(creeping), 0.1), false)
  })

  it('counts what is lost as not flat, and as no growth', () => {
    const falling = courseOf(Array.from({ length: 20 }, (_, i) => 100 - i))
    assert.equal(isFlat(falling, 0.1), false)
    assert.ok(hasNotGrown(falling, 0.1))
  })

  it('says nothing about a handful of values, and that nothing is as much as nothing', () => {
    assert.throws(() => courseOf([1, 2, 3]), RangeError)
    assert.ok(isFlat(courseOf([0, 0, 0, 0]), 0.1))
    assert.equal(isFlat(courseOf([0, 0, 0, 1]), 0.1), false)
  })
})
