import assert from 'node:assert/strict'
import { doubtOf, hasRecovered, longestRtt, type PathSigns } from '../../../viewer/src/doubt.ts'
import { timeOf } from '../../../viewer/src/view-session.ts'

describe('doubt', () => {
  const now = 100_000
  const steady = { mean: 33, deviation: 5 }
  const flowing: PathSigns = {
    phase: 'confirmed',
    confirmedAt: 0,
    heartbeatAt: now - 200,
    frameAt: now - 30,
    interval: steady,
    rtt: 50,
  }

  it('has none while frames and heartbeats come', () => {
    assert.equal(doubtOf(flowing, now), 'none')
  })
  it('asks when steady frames are missed, long before a heartbeat is', () => {
    assert.equal(doubtOf({ ...flowing, frameAt: now - 120, heartbeatAt: now - 120 }, now), 'probe')
    assert.equal(doubtOf({ ...flowing, frameAt: now - 80, heartbeatAt: now - 80 }, now), 'none')
  })
  it('is more patient where frames come unevenly', () => {
    const uneven = { ...flowing, interval: { mean: 300, deviation: 150 } }
    assert.equal(doubtOf({ ...uneven, frameAt: now - 900, heartbeatAt: now - 900 }, now), 'none')
    assert.equal(doubtOf({ ...uneven, frameAt: now - 1600, heartbeatAt: now - 1600 }, now), 'probe')
  })
  it('a heartbeat that came meanwhile is a sign of life', () => {
    assert.equal(doubtOf({ ...flowing, frameAt: now - 5000, heartbeatAt: now - 100 }, now), 'none')
  })
  it('replaces what does not answer within a few round trips', () => {
    const asked = { ...flowing, frameAt: now - 700, heartbeatAt: now - 700, probedAt: now - 100 }
    assert.equal(doubtOf(asked, now), 'none')
    assert.equal(doubtOf({ ...asked, probedAt: now - 350 }, now), 'replace')
    assert.equal(doubtOf({ ...asked, probedAt: now - 350, rtt: 300 }, now), 'none', 'a slow path has longer')
    assert.equal(doubtOf({ ...asked, probedAt: now - 350, frameAt: now - 10 }, now), 'none', 'it answered')
  })
  it('after one unanswered miss waits for heartbeats, not for frames', () => {
    const stopped = { ...flowing, frameAt: now - 3000, probedAt: now - 2500, heartbeatAt: now - 900 }
    assert.equal(doubtOf(stopped, now), 'none')
    assert.equal(doubtOf({ ...stopped, heartbeatAt: now - 1600 }, now), 'probe')
  })
  it('replaces a session without heartbeats, whatever the frames do', () => {
    assert.equal(doubtOf({ ...flowing, heartbeatAt: now - 4000 }, now), 'replace')
    assert.equal(doubtOf({ phase: 'confirmed', confirmedAt: now - 4000, frameAt: now }, now), 'replace')
  })
  it('replaces one whose frames are sent and not drawn; not one whose camera sends none', () => {
    const blind = { ...flowing, frameAt: now - 7000, heartbeatAt: now - 100 }
    assert.equal(doubtOf({ ...blind, sentAt: now - 500 }, now), 'replace')
    assert.equal(doubtOf({ ...blind, sentAt: now - 7000 }, now), 'none')
    assert.equal(doubtOf({ ...blind, sentAt: now - 500, phase: 'paused' }, now), 'none')
  })

  it('a round trip that was long lately is still expected', () => {
    assert.equal(longestRtt(undefined, 100), 100)
    assert.equal(longestRtt(100, 400), 400)
    const later = longestRtt(400, 100)
    assert.ok(later > 350 && later < 400)
    let rtt = 400
    for (let s = 0; s < 30; s++) rtt = longestRtt(rtt, 100)
    assert.ok(rtt < 120)
  })
  it('has recovered with a heartbeat and a frame since; with a heartbeat alone where no frame was sent', () => {
    const since = now - 1000
    const back = { ...flowing, heartbeatAt: now, frameAt: now, sentAt: now }
    assert.equal(hasRecovered(back, since), true)
    assert.equal(hasRecovered({ ...back, frameAt: since - 1 }, since), false)
    assert.equal(hasRecovered({ ...back, heartbeatAt: since - 1 }, since), false)
    assert.equal(hasRecovered({ ...back, frameAt: since - 1, sentAt: since - 1 }, since), true)
  })
})

describe('the time of a picture', () => {
  const anchor = { rtpTs: 90_000, cameraTime: 1_700_000_000_000 }
  it('is the camera’s, by the frame that was drawn', () => {
    assert.equal(timeOf(anchor, 90_000 + 45_000), anchor.cameraTime + 500)
    assert.equal(timeOf(anchor, 90_000 - 9_000), anchor.cameraTime - 100)
  })
  it('goes over the wrap of 32 bits', () => {
    assert.equal(timeOf({ ...anchor, rtpTs: 2 ** 32 - 9_000 }, 9_000), anchor.cameraTime + 200)
  })
  it('is that of the last heartbeat where the browser does not say, or the ticks are of another stream', () => {
    assert.equal(timeOf(anchor), anchor.cameraTime)
    assert.equal(timeOf(anchor, 2 ** 31), anchor.cameraTime)
  })
})
