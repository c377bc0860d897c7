import assert from 'node:assert/strict'
import { bursty } from '../../netlab/link-settings.ts'
import { parseLink } from '../../netlab/parse-link.ts'

describe('netlab: the words of a link', () => {
  it('are read', () => {
    assert.deepEqual(parseLink('5%,100ms,1mbit'), { loss: 0.05, delay: 50, rate: 1000 })
    assert.deepEqual(parseLink('300kbit,queue30kB,jitter20ms,dup1%,reorder2.5%,hole'), {
      rate: 300,
      queue: 30_000,
      jitter: 20,
      duplicate: 0.01,
      reorder: 0.025,
      hole: true,
    })
    assert.deepEqual(parseLink('burst4,5%'), { loss: 0, burst: bursty(0.05, 4) })
    assert.deepEqual(parseLink(''), {})
  })

  it('are refused where they say nothing', () => {
    assert.throws(() => parseLink('5%,fast'), /"fast" says nothing about a link/)
    assert.throws(() => parseLink('burst4'), /add how many/)
  })
})
