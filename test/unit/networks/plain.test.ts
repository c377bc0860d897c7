import assert from 'node:assert/strict'
import { missed } from '../../networks/plain.ts'

describe('side by side with a plain pair', () => {
  it('the limit of a row is for ours, and a picture that never came is beyond it', () => {
    assert.equal(missed({ limit: 1000, ours: [900, 1000] }), false)
    assert.equal(missed({ limit: 1000, ours: [900, 1001] }), true)
    assert.equal(missed({ limit: 1000, ours: [900, undefined] }), true)
  })
})
