import assert from 'node:assert/strict'
import { liveState } from '../../../viewer/src/live-state.ts'

describe('live state', () => {
  const confirmed = { phase: 'confirmed' as const, confirmedAt: 0 }

  it('is live with a fresh heartbeat and advancing frames', () => {
    assert.equal(liveState({ ...confirmed, heartbeatAt: 9_500, frameAt: 9_900 }, 10_000), 'live')
  })
  it('attack 48: frames that stop are stalled within 3 s, whatever the heartbeat says', () => {
    assert.equal(liveState({ ...confirmed, heartbeatAt: 10_000, frameAt: 7_000 }, 10_000), 'stalled')
  })
  it('attack 48: a silent camera is stalled within 3 s, whatever the frames say', () => {
    assert.equal(liveState({ ...confirmed, heartbeatAt: 7_000, frameAt: 10_000 }, 10_000), 'stalled')
  })
  it('is not live before the first frame, nor stalled at once', () => {
    assert.equal(liveState({ ...confirmed, heartbeatAt: 500 }, 1000), 'connecting')
    assert.equal(liveState({ ...confirmed, heartbeatAt: 9_500 }, 10_000), 'stalled')
  })
  it('says what the session says before and after', () => {
    assert.equal(liveState({ phase: 'connecting' }, 0), 'connecting')
    assert.equal(liveState({ phase: 'ended', frameAt: 0, heartbeatAt: 0 }, 0), 'ended')
  })
})
