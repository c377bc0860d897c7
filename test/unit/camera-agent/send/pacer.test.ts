import assert from 'node:assert/strict'
import { createPacer, type Paced } from '@ownsight/camera-agent/rtc/send/pacer'
import { virtualClock } from './virtual-clock.ts'

describe('the pacer', () => {
  const open = (bps: number) => {
    const clock = virtualClock()
    const sent: { at: number; name: string; probe: number | undefined }[] = []
    const asked: number[] = []
    const broken: number[] = []
    const state = { may: true }
    const pacer = createPacer({
      clock,
      mayTransmit: () => state.may,
      padding: size => packet('padding', Math.min(size, 200)),
      onDropped: () => asked.push(clock.now()),
      onSuperseded: () => broken.push(clock.now()),
    })
    pacer.setRate(bps)
    const packet = (name: string, size = 1000): Paced => ({
      size,
      send: probe => void sent.push({ at: clock.now(), name, probe }),
    })
    const picture = (name: string, packets: number, key = false): void =>
      pacer.picture(
        key,
        Array.from({ length: packets }, () => packet(name)),
      )
    const names = (): string => sent.map(({ name }) => name).join('')
    return { clock, pacer, sent, asked, broken, state, packet, picture, names }
  }

  it('spreads a picture over the time its rate gives', () => {
    const { clock, sent, picture } = open(800_000)
    picture('a', 10, true)
    clock.runTo(1000)
    assert.equal(sent.length, 10)
    for (const [i, { at }] of sent.entries()) assert.ok(Math.abs(at - i * 10) <= 10, `${i} at ${at}`)
  })

  it('sends sound first, then what is asked for again, then pictures', () => {
    const { clock, pacer, packet, picture, names } = open(800_000)
    picture('a', 3, true)
    pacer.retransmission(packet('r'))
    pacer.sound(packet('s', 100))
    clock.runTo(1000)
    assert.match(names(), /^a{1,2}sra+$/)
  })

  it('leaves out whole pictures that would come too late, and asks for a key frame once', () => {
    const { clock, asked, picture, names, pacer } = open(80_000)
    picture('k', 2, true)
    clock.runTo(1000)
    for (const name of 'abcdefgh') picture(name, 3)
    clock.runTo(3000)
    assert.equal(asked.length, 1)
    picture('x', 1)
    picture('K', 1, true)
    picture('y', 1)
    clock.runTo(10_000)
    assert.match(names(), /^kk(aaa)?Ky$/)
    assert.ok(pacer.dropped() >= 7)
  })

  it('never breaks off a picture that has begun, unless a key frame is there sooner', () => {
    const { clock, picture, names, broken } = open(80_000)
    picture('k', 6, true)
    clock.runTo(250)
    picture('K', 3, true)
    picture('a', 1)
    clock.runTo(5000)
    assert.equal(names(), 'kkkkkkKKKa')
    assert.deepEqual(broken, [])
    picture('k', 40, true)
    clock.runTo(5250)
    picture('b', 1)
    picture('L', 3, true)
    picture('c', 1)
    clock.runTo(20_000)
    assert.equal(names(), 'kkkkkkKKKakkkLLLc')
    assert.deepEqual(broken, [5250])
  })

  it('sends nothing again of a picture that was broken off', () => {
    const { clock, pacer, packet, picture, names } = open(80_000)
    picture('k', 40, true)
    clock.runTo(150)
    pacer.retransmission(packet('r'))
    picture('K', 2, true)
    clock.runTo(5000)
    assert.equal(names(), 'kkKK')
  })

  it('sends nothing again of what is half a second behind a key frame', () => {
    const { clock, pacer, packet, picture, names, broken } = open(4_000_000)
    picture('k', 30, true)
    clock.runTo(20)
    for (const name of 'abc') picture(name, 10)
    pacer.retransmission(packet('r'))
    pacer.setRate(400_000)
    const before = names()
    picture('K', 40, true)
    clock.runTo(40)
    assert.deepEqual(broken, [20])
    clock.runTo(5000)
    assert.match(names().slice(before.length), /^k*K{40}$/)
  })

  it('does not wait for what a probe sent ahead, once the rate is known to be low', () => {
    const { clock, pacer, sent, picture } = open(4_000_000)
    picture('k', 30, true)
    pacer.probe({ id: 1, bps: 8_000_000, bytes: 25_000, packets: 1, padded: false })
    clock.runTo(40)
    pacer.setRate(80_000)
    picture('K', 1, true)
    clock.runTo(300)
    assert.equal(sent.at(-1)?.name, 'K')
  })

  it('lets a key frame take the place of what waits before it', () => {
    const { clock, picture, names } = open(80_000)
    picture('k', 2, true)
    picture('a', 1)
    picture('K', 1, true)
    clock.runTo(5000)
    assert.equal(names(), 'kkK')
  })

  it('sends nothing but sound while nothing more may be under way', () => {
    const { clock, pacer, packet, picture, names, state } = open(800_000)
    state.may = false
    picture('a', 1, true)
    pacer.sound(packet('s', 100))
    clock.runTo(500)
    assert.equal(names(), 's')
    state.may = true
    pacer.run()
    clock.runTo(1000)
    assert.equal(names(), 'sa')
  })

  it('sends a probe at its rate, filled up with padding', () => {
    const { clock, pacer, sent, picture } = open(100_000)
    picture('a', 2, true)
    pacer.probe({ id: 7, bps: 800_000, bytes: 3000, packets: 5, padded: true })
    clock.runTo(100)
    const probed = sent.filter(({ probe }) => probe === 7)
    assert.ok(probed.length >= 5)
    assert.ok((probed.at(-1)?.at ?? 0) - (probed[0]?.at ?? 0) < 40)
    clock.runTo(5000)
    assert.equal(sent.filter(({ name }) => name === 'a').length, 2)
  })

  it('lets the first picture go on as a probe to its end, where little of it is left', () => {
    const first = { id: 1, bps: 24_000_000, bytes: 32_000, packets: 1, padded: false }
    const little = open(1_000_000)
    little.picture('a', 39, true)
    little.picture('b', 10)
    little.pacer.probe(first)
    little.clock.runTo(30)
    assert.equal(little.names().replaceAll('b', '').length, 39)
    assert.ok(little.names().length < 42, 'the next picture is paced')
    const much = open(1_000_000)
    much.picture('a', 100, true)
    much.pacer.probe(first)
    much.clock.runTo(30)
    assert.ok(much.sent.length >= 40 && much.sent.length < 50, `${much.sent.length} sent`)
  })

  it('refuses repetitions that would come too late', () => {
    const { pacer, packet } = open(80_000)
    const taken = Array.from({ length: 20 }, () => pacer.retransmission(packet('r')))
    assert.ok(taken.includes(false))
  })
})
