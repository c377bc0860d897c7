import assert from 'node:assert/strict'
import { createMediaSender } from '@ownsight/camera-agent/rtc/send/media-sender'
import { simulatedLink } from './simulated-link.ts'
import { simulatedViewer } from './simulated-viewer.ts'
import { virtualClock } from './virtual-clock.ts'

const OVERHEAD_BYTES = 64
const FPS = 25

describe('somebody joins in the middle of a group of pictures', () => {
  /** The twenty pictures since the last key frame at once, then one each 40 ms and a key frame every other second: 2 Mbit/s. */
  function join(bps: number) {
    const clock = virtualClock()
    const link = simulatedLink(clock, { bps, delayMs: 10 })
    const back = simulatedLink(clock, { bps: 10_000_000, delayMs: 10 })
    const viewer = simulatedViewer(clock, back, events => sender.rtcp(events))
    const firstKey: number[] = []
    let index = 0
    let early = 0
    const sender = createMediaSender({
      clock,
      ssrc: 1,
      hasRtx: true,
      hasFeedback: true,
      firstSequence: { media: 1000, rtx: 1 },
      onKeyframe: () => undefined,
      write(packet) {
        const size = packet.payload.length + OVERHEAD_BYTES
        if (packet.stream === 'media' && packet.timestamp === 0) firstKey.push(clock.now())
        if (clock.now() < 90) early += size
        const copy = { ...packet, index: ++index }
        link.send(size, () => viewer.receive(copy, size))
      },
    })
    const picture = (timestamp: number, key: boolean): void =>
      sender.picture({
        payloads: Array.from({ length: key ? 15 : 8 }, () => Buffer.alloc(1200)),
        timestamp,
        key,
      })
    for (let i = 0; i < 20; i++) picture(i * 90, i === 0)
    for (let i = 20; i < 60; i++) {
      clock.runTo((i - 19) * (1000 / FPS))
      picture(i * 3600, i % (2 * FPS) === 0)
    }
    clock.runTo(3000)
    return { firstKeyMs: Math.max(...firstKey), early, dropped: sender.stats().droppedPictures }
  }

  it('the key frame is there at once, and on a link that carries them nothing after it is left out', () => {
    const { firstKeyMs, dropped } = join(20_000_000)
    assert.ok(firstKeyMs < 15, `${firstKeyMs} ms`)
    assert.equal(dropped, 0)
  })

  it('on a link that does not, what would come too late is left out once that is known', () => {
    const { early, dropped } = join(500_000)
    assert.ok(early < 42_000, `${early} bytes before anything was known`)
    assert.ok(dropped > 10)
  })
})
