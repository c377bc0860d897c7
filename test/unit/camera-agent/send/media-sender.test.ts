import assert from 'node:assert/strict'
import { createMediaSender, type WirePacket } from '@ownsight/camera-agent/rtc/send/media-sender'
import { told } from './feedback.ts'
import { virtualClock } from './virtual-clock.ts'

describe('what is asked for again', () => {
  const open = (seat?: { mayProbe(): boolean; isThinned(): boolean }) => {
    const clock = virtualClock()
    const asked: number[] = []
    const written: (WirePacket & { at: number })[] = []
    const sender = createMediaSender({
      clock,
      ssrc: 1,
      hasRtx: true,
      hasFeedback: true,
      seat,
      firstSequence: { media: 65_530, rtx: 65_535 },
      onKeyframe: () => void asked.push(clock.now()),
      write: packet => void written.push({ ...packet, at: clock.now() }),
    })
    const nack = (sequences: number[]) =>
      sender.rtcp({ twcc: [], nacks: [{ ssrc: 1, sequences }], keyframes: [], reports: [] })
    const pli = () => sender.rtcp({ twcc: [], nacks: [], keyframes: [1], reports: [] })
    /** Feedback for all that was written, so that nothing is held back. */
    const confirm = () => {
      const { wide = 0 } = written.at(-1) ?? {}
      sender.rtcp({
        twcc: [
          told(
            1,
            Array.from({ length: wide }, (_, i) => written[i]?.at ?? 0),
          ),
        ],
        nacks: [],
        keyframes: [],
        reports: [],
      })
    }
    const play = (ms: number) => {
      const until = clock.now() + ms
      for (let at = clock.now(); at < until; at += 50) {
        sender.picture({ payloads: [Buffer.alloc(1000)], timestamp: at * 90, key: at === 0 })
        clock.runTo(at + 50)
        confirm()
      }
    }
    return { clock, sender, written, asked, nack, pli, confirm, play }
  }
  const repeats = (written: WirePacket[]) =>
    written.filter(({ stream, payload, padding }) => stream === 'rtx' && !padding && payload.length === 1002)

  it('goes out with the number it had, across the wrap, in a stream of its own', () => {
    const { sender, written, nack, play } = open()
    play(1000)
    const before = written.length
    nack([65_535, 0, 1])
    play(100)
    const sent = repeats(written.slice(before)).map(({ payload }) => payload.readUInt16BE(0))
    for (const sequence of [65_535, 0, 1]) assert.ok(sent.includes(sequence), String(sent))
    assert.equal(sender.stats().retransmitted, 3)
    const numbers = written.filter(({ stream }) => stream === 'rtx').map(({ sequence }) => sequence)
    for (const [i, number] of numbers.entries()) assert.equal(number, (65_535 + i) & 0xffff)
  })

  it('never takes more than its share, however often it is asked for', () => {
    const { sender, written, nack, play } = open()
    play(2000)
    const sequences = Array.from({ length: 38 }, (_, i) => (65_530 + i) & 0xffff)
    const before = written.length
    for (let i = 0; i < 20; i++) {
      nack(sequences)
      play(50)
    }
    const bytes = repeats(written.slice(before)).reduce((sum, { payload }) => sum + payload.length + 64, 0)
    assert.ok(bytes * 8 < sender.stats().estimate * 0.8, String(bytes))
    assert.ok(sender.stats().refused > 100)
  })

  it('is not sent when a key frame has taken the place of what it belonged to', () => {
    const { clock, sender, nack } = open()
    const payloads = (count: number) => Array.from({ length: count }, () => Buffer.alloc(1000))
    sender.picture({ payloads: payloads(200), timestamp: 0, key: true })
    clock.runTo(20)
    sender.picture({ payloads: payloads(2), timestamp: 9000, key: true })
    clock.runTo(100)
    nack([65_531])
    clock.runTo(300)
    const { droppedPictures, refused, retransmitted } = sender.stats()
    assert.deepEqual([droppedPictures, refused, retransmitted], [1, 1, 0])
  })

  it('a key frame is not asked for while one is under way', () => {
    const { clock, sender, asked, pli, confirm } = open()
    const payloads = Array.from({ length: 60 }, () => Buffer.alloc(1000))
    sender.picture({ payloads, timestamp: 0, key: true })
    for (let at = 50; at < 1000; at += 50) {
      clock.runTo(at)
      confirm()
      if (sender.stats().sent < 60) pli()
    }
    assert.deepEqual([sender.stats().sent, asked], [60, []])
    pli()
    assert.equal(asked.length, 1)
  })

  it('the link is looked at all the time between pictures that are two seconds apart', () => {
    const { clock, sender, written, confirm } = open()
    for (let at = 0; at < 40_000; at += 50) {
      if (at % 2000 === 0) sender.picture({ payloads: [Buffer.alloc(1000)], timestamp: at * 90, key: true })
      clock.runTo(at + 50)
      confirm()
    }
    const late = written.filter(({ stream, at }) => stream === 'rtx' && at % 2000 > 1100)
    assert.ok(late.length > 0)
  })

  it('ends with the session', () => {
    const { clock, sender, written, nack, play } = open()
    play(500)
    sender.close()
    const before = written.length
    nack([65_530])
    clock.runTo(10_000)
    assert.equal(written.length, before)
  })

  it('is sent key pictures only while the agent has no more to spare, and all again from the next one on', () => {
    const seat = { thinned: false, mayProbe: () => true, isThinned: () => seat.thinned }
    const { clock, sender, written } = open(seat)
    const picture = (key: boolean): number => {
      const before = written.filter(({ stream }) => stream === 'media').length
      sender.picture({ payloads: [Buffer.alloc(500)], timestamp: clock.now() * 90, key })
      clock.runTo(clock.now() + 50)
      return written.filter(({ stream }) => stream === 'media').length - before
    }
    assert.deepEqual([picture(true), picture(false)], [1, 1])
    seat.thinned = true
    assert.deepEqual([picture(false), picture(false), picture(true), picture(false)], [0, 0, 1, 0])
    seat.thinned = false
    assert.deepEqual([picture(false), picture(true), picture(false)], [0, 1, 1])
    assert.equal(sender.stats().droppedPictures, 4)
  })

  it('no link is probed while the agent has nothing to spare', () => {
    const probes = (mayProbe: boolean): number => {
      const { sender, play } = open({ mayProbe: () => mayProbe, isThinned: () => false })
      play(5000)
      return sender.stats().probed
    }
    assert.ok(probes(true) > 0)
    assert.equal(probes(false), 0)
  })
})
