import assert from 'node:assert/strict'
import { missed } from '../../networks/crowd.ts'

const crowd = (...times: (number | undefined)[]) => ({
  loss: 0.1,
  results: times.map(ms => (ms === undefined ? { failed: [], steps: [] } : { ms, failed: [], steps: [] })),
})
const soon = Array.from({ length: 49 }, () => 900)

describe('the target of a crowd', () => {
  it('one in fifty may take longer than five seconds, and no longer than ten', () => {
    assert.equal(missed(crowd(...soon, 900)), false)
    assert.equal(missed(crowd(...soon, 9000)), false)
    assert.equal(missed(crowd(...soon, 10_001)), true)
    assert.equal(missed(crowd(...soon, undefined)), true)
    assert.equal(missed(crowd(...soon.slice(1), 6000, 6000)), true)
  })

  it('asks nothing at another loss', () => {
    assert.equal(missed({ ...crowd(undefined), loss: 0.2 }), false)
  })
})
