import assert from 'node:assert/strict'
import { openWindow } from '@ownsight/camera-agent/window'
import { REPLAY_MAX_PER_VIEWER, WINDOW_LIFETIME_S } from '@ownsight/protocol/limits'

describe('window', () => {
  let now = 0
  const open = () => {
    now = 0
    return openWindow(() => now)
  }
  const current = (window: ReturnType<typeof openWindow>) => window.nonces()[0] ?? ''

  it('attack 4: a (viewer, sid) pair is good once in its window', () => {
    const window = open()
    const win = current(window)
    assert.equal(window.record('alice', 'sid', win), 'fresh')
    assert.equal(window.record('alice', 'sid', win), 'seen')
    assert.equal(window.record('bob', 'sid', win), 'fresh')
  })

  it('attack 4: the same sid is no better under the window that follows', () => {
    const window = open()
    assert.equal(window.record('alice', 'sid', current(window)), 'fresh')
    now = WINDOW_LIFETIME_S
    assert.equal(window.record('alice', 'sid', current(window)), 'seen')
  })

  it('attack 5: a nonce is gone after two windows, and after a start', () => {
    const window = open()
    const first = current(window)
    now = WINDOW_LIFETIME_S
    assert.ok(window.nonces().includes(first))
    now = 2 * WINDOW_LIFETIME_S
    assert.ok(!window.nonces().includes(first))
    assert.ok(!open().nonces().includes(first))
  })

  it('keeps no old window after a long sleep', () => {
    const window = open()
    const first = current(window)
    now = 2 * WINDOW_LIFETIME_S
    assert.deepEqual(window.nonces().length, 1)
    assert.ok(!window.nonces().includes(first))
  })

  it('refuses a viewer that fills its share, and forgets nothing to make room', () => {
    const window = open()
    const win = current(window)
    for (let i = 0; i < REPLAY_MAX_PER_VIEWER; i++)
      assert.equal(window.record('alice', `sid${i}`, win), 'fresh')
    assert.equal(window.record('alice', 'one more', win), 'full')
    assert.equal(window.record('alice', 'sid0', win), 'seen')
    assert.equal(window.record('bob', 'sid', win), 'fresh')
  })

  it('records nothing for a nonce it does not have', () => {
    assert.equal(open().record('alice', 'sid', 'another'), 'seen')
  })
})
