import assert from 'node:assert/strict'
import * as limits from '@ownsight/protocol/limits'

describe('protocol: limits', () => {
  it('each is a whole number of bytes, seconds, milliseconds or things', () => {
    for (const [name, value] of Object.entries(limits))
      assert.ok(Number.isSafeInteger(value) && value > 0, name)
  })

  it('what holds another thing has room for it', () => {
    assert.ok(limits.SDP_MAX_BYTES < limits.ENVELOPE_MAX_BYTES)
    assert.ok(limits.POLICY_MAX_BYTES < limits.ENVELOPE_MAX_BYTES)
    assert.ok(limits.ENVELOPE_MAX_BYTES < limits.SOCKET_MESSAGE_MAX_BYTES)
    assert.ok(limits.LOG_PAGE_MAX_BYTES < limits.CHANNEL_MESSAGE_MAX_BYTES)
    assert.ok(limits.LOG_LINE_MAX_BYTES < limits.LOG_PAGE_MAX_BYTES)
    assert.ok(limits.SDP_MAX_LINE < limits.SDP_MAX_BYTES)
  })
})
