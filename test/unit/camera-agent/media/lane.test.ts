import assert from 'node:assert/strict'
import { createRoute } from '@ownsight/camera-agent/media/route'
import { until } from '../../../support/wait.ts'
import { fakeFeed } from './fake-feed.ts'

const PICTURES = 20

describe('a lane', () => {
  /** Pictures 40 and 200 ms apart by turns, which come all at once: those after the first few are held. */
  const open = () => {
    const lane = fakeFeed().feed.lane({ codec: 'h264', tier: 'source' })
    const sent: number[] = []
    const route = createRoute(
      ({ timestamp }) => void sent.push(timestamp),
      () => performance.now(),
    )
    lane.routes.add(route)
    route.begin(lane)
    let at = performance.now()
    for (let i = 0; i < PICTURES; i++) {
      lane.take({ payloads: [Buffer.alloc(9)], timestamp: i, key: i === 0 }, at * 90)
      at += i % 2 ? 40 : 200
    }
    assert.ok(sent.length < PICTURES)
    return { lane, sent }
  }
  const all = Array.from({ length: PICTURES }, (_, i) => i)

  it('hands on the pictures of an uneven source a little later, each of them and in order', async () => {
    const { lane, sent } = open()
    lane.take({ payloads: [Buffer.alloc(9)], timestamp: PICTURES, key: false }, undefined)
    await until(() => sent.length > PICTURES, { timeout: 8000, what: 'all of them' })
    assert.deepEqual(sent, [...all, PICTURES])
    assert.equal(lane.ring.burst().length, PICTURES + 1)
  })

  it('hands on nothing that was held before its source was opened anew', async () => {
    const { lane, sent } = open()
    const before = sent.length
    lane.reset()
    const due = performance.now() + 400
    await until(() => performance.now() > due, { timeout: 8000, what: 'the time they were due' })
    assert.deepEqual([sent.length, lane.ring.bytes()], [before, 0])
  })
})
