import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createPlayer, readTrace, TRACES, type TraceStep } from '../../netlab/trace.ts'
import { generateTrace, traceFile, traceText } from '../../netlab/trace-generator.ts'
import { createWire } from '../../netlab/wire.ts'

const STEPS: TraceStep[] = [
  { ms: 100, kbit: 1000, delay: 10, loss: 0 },
  { ms: 50, kbit: 500, delay: 20, loss: 0.1 },
]

describe('netlab: a trace', () => {
  for (const name of TRACES)
    it(`${name}: the file is what its generator makes`, () => {
      assert.equal(readFileSync(traceFile(name), 'utf8'), traceText(generateTrace(name)))
      const { down, up, made } = readTrace(name)
      assert.match(made, /not recorded/)
      for (const step of [...down, ...up]) assert.ok(step.kbit >= 0 && step.loss >= 0 && step.loss <= 1)
    })

  it('is gone through step by step', () => {
    const player = createPlayer(STEPS, 1000, false)
    assert.deepEqual(player.change(1000), { rate: 1000, delay: 10, loss: 0 })
    assert.equal(player.next(), 1100)
    assert.deepEqual(player.change(1099), { rate: 1000, delay: 10, loss: 0 })
    assert.deepEqual(player.change(1100), { rate: 500, delay: 20, loss: 0.1 })
    assert.equal(player.next(), Number.POSITIVE_INFINITY)
    assert.deepEqual(player.change(9999), { rate: 500, delay: 20, loss: 0.1 })
  })

  it('begins again where it shall', () => {
    const player = createPlayer(STEPS, 0, true)
    assert.equal(player.change(100).rate, 500)
    assert.equal(player.next(), 150)
    assert.equal(player.change(150).rate, 1000)
    assert.equal(player.change(150 * 7 + 120).rate, 500)
    assert.equal(player.next(), 150 * 8)
  })

  it('refuses one without steps, or with a step that takes no time', () => {
    assert.throws(() => createPlayer([], 0, true), /has steps/)
    assert.throws(() => createPlayer([{ ...STEPS[0]!, ms: 0 }], 0, true), /takes time/)
  })
})

describe('netlab: a wire', () => {
  /** IPv4, or IPv6 with the first byte of its destination. */
  const packet = (size: number): Buffer => Buffer.alloc(size).fill(0x45, 0, 1)
  const to = (version: 4 | 6, first: number): Buffer => {
    const bytes = Buffer.alloc(60)
    bytes[0] = version << 4
    bytes[version === 4 ? 16 : 24] = first
    return bytes
  }

  it('has two directions that know nothing of each other', () => {
    const wire = createWire({ up: { delay: 10 }, down: { loss: 1 } }, 'wire')
    wire.send('up', 0, packet(100))
    wire.send('down', 0, packet(100))
    assert.equal(wire.next(), 10)
    assert.deepEqual(wire.take('down', 10), [])
    assert.equal(wire.take('up', 10).length, 1)
    const { up, down } = wire.statistics(10)
    assert.deepEqual([up.out.packets, down.dropped.loss], [1, 1])
  })

  it('carries nothing that a kernel says to its own link', () => {
    const wire = createWire({ up: {}, down: {} }, 'wire')
    for (const each of [to(4, 224), to(6, 0xff), to(4, 203), to(6, 0x20)]) wire.send('up', 0, each)
    assert.equal(wire.take('up', 0).length, 2)
    assert.equal(wire.statistics(0).up.in.packets, 2)
  })

  it('follows a trace, wakes for each step, and stops', () => {
    const wire = createWire({ up: {}, down: {} }, 'wire')
    wire.follow('up', 0, STEPS, true)
    assert.equal(wire.next(), 100)
    wire.send('up', 99, packet(1000))
    assert.deepEqual(wire.take('up', 100), [])
    // 1 ms at 1000 kbit/s, the rest of its 8000 bits at 500, then the delay of that step
    assert.equal(wire.next(), 114)
    wire.take('up', 114)
    assert.equal(wire.next(), 134)
    assert.equal(wire.take('up', 134).length, 1)
    wire.follow('up', 140, [], false)
    assert.equal(wire.next(), Number.POSITIVE_INFINITY)
  })
})
