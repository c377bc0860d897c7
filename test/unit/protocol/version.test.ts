import assert from 'node:assert/strict'
import { PROTOCOL_VERSION } from '@ownsight/protocol/limits'
import { SUPPORTED_VERSIONS, VERSION, versionConflict } from '@ownsight/protocol/version'

describe('protocol: version', () => {
  it('is no conflict when one version is common', () => {
    assert.equal(versionConflict([PROTOCOL_VERSION], 'camera agent', 'signaling server'), undefined)
    assert.equal(versionConflict([9, PROTOCOL_VERSION, 3], 'viewer', 'signaling server'), undefined)
    assert.deepEqual(SUPPORTED_VERSIONS, [PROTOCOL_VERSION])
  })

  it('is three numbers', () => assert.match(VERSION, /^\d+\.\d+\.\d+$/))

  it('names the older program, in one sentence', () => {
    assert.equal(versionConflict([0], 'camera agent', 'signaling server'), 'Update the camera agent.')
    assert.equal(versionConflict([2], 'camera agent', 'signaling server'), 'Update the signaling server.')
    assert.equal(versionConflict([0], 'viewer', 'signaling server'), 'Update the viewer: reload the page.')
    assert.equal(versionConflict([2, 3], 'signaling server', 'viewer'), 'Update the viewer: reload the page.')
  })

  it('takes a peer that names no version for the older one', () => {
    assert.equal(versionConflict([], 'camera agent', 'viewer'), 'Update the camera agent.')
  })
})
