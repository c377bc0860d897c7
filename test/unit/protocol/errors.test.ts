import assert from 'node:assert/strict'
import { FAULT_CODES, faultCode, ProtocolFault } from '@ownsight/protocol/errors'

describe('protocol: errors', () => {
  it('a fault names its code, the field and the remedy', () => {
    const fault = new ProtocolFault('bad_sdp', 'm', 'send one video section')
    assert.equal(fault.message, 'bad_sdp (m): send one video section')
    assert.deepEqual([fault.code, fault.field, fault.name], ['bad_sdp', 'm', 'ProtocolFault'])
  })

  it('an unknown error permits nothing: its code is bad_form', () => {
    for (const error of [new Error('x'), new TypeError('y'), 'z', undefined, { code: 'live' }])
      assert.equal(faultCode(error), 'bad_form')
    assert.equal(faultCode(new ProtocolFault('replay', 'sid', 'x')), 'replay')
  })

  it('lists each code once', () => assert.equal(new Set(FAULT_CODES).size, FAULT_CODES.length))
})
