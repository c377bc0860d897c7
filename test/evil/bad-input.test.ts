import assert from 'node:assert/strict'
import { LOADS } from '../bench/input/loads.ts'
import { describeInput, runInput } from '../bench/input.ts'

/** As `npm run bench -- input`, with some of each kind; judged by the same function. BENCH_SEED repeats one. */
const seed = Number(process.env.BENCH_SEED ?? 1)

describe('attack 22: bad input of every kind, one after the other and all at once', () => {
  it(`the honest are served, the picture goes on, memory is given back, nothing ends (seed ${seed})`, async () => {
    const { figures, faults } = await runInput({ long: false, seed })
    const loads = new Set(figures.stretches.filter(each => each.sent !== '').map(each => each.load))
    for (const name of Object.keys(LOADS)) assert.ok(loads.has(name), `${name} was not tried`)
    assert.deepEqual(faults, [], describeInput(figures))
  }).timeout(240_000)
})
