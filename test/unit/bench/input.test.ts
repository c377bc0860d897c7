import assert from 'node:assert/strict'
import { chance, mutatePacket, mutateText } from '../../bench/input/chance.ts'
import { type Figures, judgeInput, type Stretch, UNLOADED } from '../../bench/input/judge.ts'

const MB = 1e6
const memory = { signaling: 120 * MB, agent: 180 * MB }

const stretch = (load: string, more: Partial<Stretch> = {}): Stretch => ({
  load,
  sent: 'much',
  challenges: Array(300).fill(load === UNLOADED ? 5 : 40),
  peak: memory,
  pictureGap: 100,
  ...more,
})
const figures = (more: Partial<Figures> = {}): Figures => ({
  stretches: [stretch(UNLOADED), stretch('huge messages'), stretch('slow readers')],
  before: memory,
  after: memory,
  faults: [],
  ...more,
})

describe('bench: what bad input may do', () => {
  it('finds nothing in a run in which everything held', () => {
    assert.deepEqual(judgeInput(figures()), [])
  })

  it('p99 of the challenge: ten times its unloaded value, and not more', () => {
    const slow = stretch('huge messages', { challenges: [...Array(290).fill(40), ...Array(10).fill(51)] })
    const found = judgeInput(figures({ stretches: [stretch(UNLOADED), slow] }))
    assert.equal(found.length, 2)
    assert.match(found[0] ?? '', /^all loads: p99 of an honest challenge 51\.0 ms, at most 50\.0 ms/)
    const held = stretch('huge messages', { challenges: Array(300).fill(50) })
    assert.deepEqual(judgeInput(figures({ stretches: [stretch(UNLOADED), held] })), [])
  })

  it('with a grace, as the short form has, less than that is quick enough; no answer is not', () => {
    const slow = stretch('huge messages', { challenges: Array(300).fill(190) })
    const stretches = [stretch(UNLOADED), slow]
    assert.equal(judgeInput(figures({ stretches })).length, 2)
    assert.deepEqual(judgeInput(figures({ stretches, grace: 200 })), [])
    const deaf = stretch('huge messages', {
      challenges: [...Array(290).fill(5), ...Array(10).fill(Infinity)],
    })
    assert.equal(judgeInput(figures({ stretches: [stretch(UNLOADED), deaf], grace: 200 })).length, 2)
  })

  it('a challenge that was not answered is no fast one', () => {
    const deaf = stretch('silent sockets', {
      challenges: [...Array(290).fill(5), ...Array(10).fill(Infinity)],
    })
    assert.match(judgeInput(figures({ stretches: [stretch(UNLOADED), deaf] })).join(), /no answer/)
    const none = stretch('silent sockets', { challenges: [] })
    assert.match(
      judgeInput(figures({ stretches: [stretch(UNLOADED), none] })).join(),
      /no challenge was measured/,
    )
    const never = stretch(UNLOADED, { challenges: [Infinity] })
    assert.match(judgeInput(figures({ stretches: [never, stretch('x')] })).join(), /answered without a load/)
  })

  it('few challenges are judged with the others, not by the worst of them', () => {
    const few = stretch('slow requests', { challenges: [...Array(29).fill(10), 400] })
    assert.deepEqual(
      judgeInput(figures({ stretches: [stretch(UNLOADED), few, stretch('a'), stretch('b')] })),
      [],
    )
  })

  it('memory: its growth, and what is not given back, of each process', () => {
    const grown = stretch('a', { peak: { signaling: 221 * MB, agent: 180 * MB } })
    assert.deepEqual(judgeInput(figures({ stretches: [stretch(UNLOADED), grown] })), [
      'signaling: memory grew by 101 MB',
    ])
    const after = { signaling: 120 * MB, agent: 231 * MB }
    assert.deepEqual(judgeInput(figures({ after })), ['agent: 51 MB more memory afterwards than before'])
  })

  it('a picture that stood still, and every fault, is told', () => {
    const still = stretch('strange packets', { pictureGap: 2600 })
    const found = judgeInput(
      figures({ stretches: [stretch(UNLOADED), still], faults: ['agent ended with 1'] }),
    )
    assert.deepEqual(found.length, 2)
    assert.match(found.join(), /agent ended with 1,.*no new frame for 2600/)
  })

  it('the same seed changes packets and messages in the same way, another one in another', () => {
    const real = [Buffer.alloc(40, 1), Buffer.alloc(100, 22), Buffer.alloc(1200, 128)]
    const packets = (seed: number) => {
      const by = chance(seed)
      return Array.from({ length: 500 }, () => mutatePacket(real, by).toString('hex'))
    }
    assert.deepEqual(packets(7), packets(7))
    assert.notDeepEqual(packets(7), packets(8))
    assert.ok(new Set(packets(7)).size > 300)
    assert.ok(
      real.every(each => each.every(byte => byte === each[0])),
      'the real ones stay as they are',
    )
    assert.notEqual(mutateText('42["a"]', chance(1)), mutateText('42["a"]', chance(2)))
  })
})
