import assert from 'node:assert/strict'
import { liveState, pageState } from '../../../viewer/src/live-state.ts'

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

describe('what the page says', () => {
  const view = {
    shown: undefined,
    isReplacing: true,
    wasLive: false,
    isOffline: false,
    isOver: false,
  } as const
  const rows: [string, Partial<Parameters<typeof pageState>[0]>, string][] = [
    ['connecting before the first picture', {}, 'connecting'],
    [
      'connecting while the first session has none yet',
      { shown: 'connecting', isReplacing: false },
      'connecting',
    ],
    ['live', { shown: 'live' }, 'live'],
    ['live while the next one is made', { shown: 'live', wasLive: true, isOffline: true }, 'live'],
    ['stalled where no other is made', { shown: 'stalled', wasLive: true, isReplacing: false }, 'stalled'],
    ['reconnecting with an old picture', { shown: 'stalled', wasLive: true }, 'reconnecting'],
    ['reconnecting with none', { wasLive: true }, 'reconnecting'],
    ['reconnecting between two tries', { wasLive: true, isReplacing: false }, 'reconnecting'],
    ['offline', { wasLive: true, isOffline: true }, 'offline'],
    ['offline with a picture that stopped', { shown: 'stalled', isOffline: true }, 'offline'],
    ['paused', { shown: 'paused', wasLive: true }, 'paused'],
    ['ended, whatever else', { shown: 'live', isOver: true }, 'ended'],
  ]
  for (const [name, change, said] of rows)
    it(name, () => assert.equal(pageState({ ...view, ...change } as never), said))

  it('is never live but of a session that is', () => {
    for (const [, change] of rows)
      if (change.shown !== 'live') assert.notEqual(pageState({ ...view, ...change } as never), 'live')
  })
})
