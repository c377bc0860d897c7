import assert from 'node:assert/strict'
import { rateLimit } from '@ownsight/signaling/rate-limit'

describe('rate limit', () => {
  let clock = 0
  const now = () => clock
  const limit = (more = {}) => rateLimit({ burst: 3, perMinute: 6, now, ...more })

  it('lets a burst through, then one per interval', () => {
    const attempts = limit()
    assert.deepEqual(
      [1, 2, 3, 4].map(() => attempts.take('a')),
      [true, true, true, false],
    )
    clock += 9_999
    assert.equal(attempts.take('a'), false)
    clock += 1
    assert.equal(attempts.take('a'), true)
    assert.equal(attempts.take('a'), false)
  })

  it('says how many seconds to wait', () => {
    const attempts = limit()
    for (let i = 0; i < 4; i++) attempts.take('a')
    assert.equal(attempts.wait('a'), 10)
    clock += 7_000
    assert.equal(attempts.wait('a'), 3)
  })

  it('counts each key by itself', () => {
    const attempts = limit()
    for (let i = 0; i < 4; i++) attempts.take('a')
    assert.equal(attempts.take('b'), true)
  })

  it('never saves up more than a burst', () => {
    const attempts = limit()
    attempts.take('a')
    clock += 3_600_000
    assert.deepEqual(
      [1, 2, 3, 4].map(() => attempts.take('a')),
      [true, true, true, false],
    )
  })

  it('stays within its memory, and keeps those it is refusing', () => {
    const attempts = limit({ maxKeys: 100 })
    for (let i = 0; i < 1_000; i++) {
      attempts.take(`stranger ${i}`)
      attempts.take('busy')
    }
    assert.ok(attempts.size <= 100, `${attempts.size} keys`)
    assert.equal(attempts.take('busy'), false)
  })

  it('forgets by and by what is full again, and nothing else', () => {
    const attempts = limit()
    for (let i = 0; i < 4; i++) attempts.take('guessed')
    for (let i = 0; i < 1_000; i++) attempts.take(`stranger ${i}`)
    assert.equal(attempts.size, 1_001)
    clock += 10_000
    for (let i = 0; i < 1_000; i++) attempts.take('busy')
    assert.equal(attempts.size, 2)
    assert.equal(attempts.take('guessed'), true)
    assert.equal(attempts.take('guessed'), false)
  })

  it('takes no longer for a key when it holds all it may', () => {
    const time = (maxKeys: number): number => {
      const attempts = limit({ maxKeys })
      for (let i = 0; i < maxKeys; i++) attempts.take(`early ${i}`)
      const start = performance.now()
      for (let i = 0; i < 20_000; i++) attempts.take(`late ${i}`)
      return performance.now() - start
    }
    time(10)
    const [few, many] = [time(10), time(20_000)]
    assert.ok(many < few * 100 + 200, `${few} ms with 10 keys, ${many} with 20 000`)
  })
})
