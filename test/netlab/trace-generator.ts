import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom, type Random } from './random.ts'
import { TRACES, type Trace, type TraceName, type TraceStep } from './trace.ts'

/**
 * Makes the traces of `traces/`: plausible, by rules of thumb, not recorded anywhere. Where a recording is wanted, a
 * file of the same form takes their place.
 */
const STEP = 500
const STEPS = 240
const MADE = 'generated with a seed by test/netlab/trace-generator.ts; not recorded'

/** A value that wanders around `mean` on a logarithmic scale; `spread` is its standard deviation there. */
function wander(random: Random, mean: number, spread: number, memory: number): () => number {
  let x = 0
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return () => {
    x = memory * x + Math.sqrt(1 - memory ** 2) * spread * normal()
    return mean * Math.exp(x)
  }
}

/** How many steps each spell lasts, and what it does to a step. */
type Spell = { chance: number; steps: [number, number]; effect: (step: TraceStep) => TraceStep }

type Shape = {
  about: string
  kbit: { down: number; up: number; most: number; spread: number; memory: number }
  delay: { base: number; wander: number }
  loss: number
  spells: Spell[]
}

const SHAPES: Record<TraceName, Shape> = {
  'lte-drive': {
    about: 'LTE in a moving car: rates that come and go, handovers of about a second, weak cells',
    kbit: { down: 6000, up: 2500, most: 40_000, spread: 0.7, memory: 0.9 },
    delay: { base: 22, wander: 8 },
    loss: 0.001,
    spells: [
      {
        chance: 0.02,
        steps: [1, 2],
        effect: step => ({ ...step, kbit: step.kbit / 15, delay: step.delay + 120, loss: 0.03 }),
      },
      {
        chance: 0.006,
        steps: [6, 14],
        effect: step => ({ ...step, kbit: step.kbit / 12, delay: step.delay + 40, loss: 0.02 }),
      },
    ],
  },
  'wifi-crowded': {
    about: 'Wi-Fi among many neighbours: much of the time good, then seconds of contention',
    kbit: { down: 14_000, up: 9000, most: 40_000, spread: 0.4, memory: 0.7 },
    delay: { base: 3, wander: 4 },
    loss: 0.004,
    spells: [
      {
        chance: 0.05,
        steps: [2, 8],
        effect: step => ({ ...step, kbit: step.kbit / 10, delay: step.delay + 35, loss: 0.04 }),
      },
      {
        chance: 0.01,
        steps: [1, 3],
        effect: step => ({ ...step, kbit: step.kbit / 60, delay: step.delay + 110, loss: 0.12 }),
      },
    ],
  },
  '3g': {
    about: '3G: slow, far away, with stalls',
    kbit: { down: 1100, up: 320, most: 5000, spread: 0.4, memory: 0.85 },
    delay: { base: 70, wander: 25 },
    loss: 0.002,
    spells: [
      {
        chance: 0.02,
        steps: [2, 4],
        effect: step => ({ ...step, kbit: step.kbit / 12, delay: step.delay + 200, loss: 0.01 }),
      },
      { chance: 0.006, steps: [2, 3], effect: step => ({ ...step, kbit: 0 }) },
    ],
  },
}

export function generateTrace(name: TraceName): Trace {
  const shape = SHAPES[name]
  return {
    name,
    about: shape.about,
    made: MADE,
    down: steps(shape, shape.kbit.down, `${name}/down`),
    up: steps(shape, shape.kbit.up, `${name}/up`),
  }
}

/** Both directions suffer in the same seconds: a phone has one radio. */
function steps(shape: Shape, kbit: number, seed: string): TraceStep[] {
  const spells = createRandom(seed.replace(/\/.*/, '/spells'))
  const random = createRandom(seed)
  const rate = wander(random, kbit, shape.kbit.spread, shape.kbit.memory)
  const delay = wander(random, shape.delay.wander, 0.6, 0.8)
  let spell: Spell | undefined
  let left = 0
  return Array.from({ length: STEPS }, () => {
    for (const each of shape.spells) {
      const [begins, long] = [spells(), spells()]
      if (left > 0 || begins >= each.chance) continue
      spell = each
      left = Math.round(each.steps[0] + long * (each.steps[1] - each.steps[0]))
    }
    const plain = { ms: STEP, kbit: rate(), delay: shape.delay.base + delay(), loss: shape.loss }
    const step = left-- > 0 && spell ? spell.effect(plain) : plain
    return {
      ms: STEP,
      kbit: Math.min(shape.kbit.most, Math.round(step.kbit)),
      delay: Math.round(step.delay),
      loss: step.loss,
    }
  })
}

/** One step a line, so that a change of one shows as one. */
export function traceText(trace: Trace): string {
  const line = ({ ms, kbit, delay, loss }: TraceStep): string =>
    `    { "ms": ${ms}, "kbit": ${kbit}, "delay": ${delay}, "loss": ${loss} }`
  const list = (all: readonly TraceStep[]): string => all.map(line).join(',\n')
  const { name, about, made, down, up } = trace
  const head = Object.entries({ name, about, made }).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`,
  )
  return `{\n${head.join('\n')}\n  "down": [\n${list(down)}\n  ],\n  "up": [\n${list(up)}\n  ]\n}\n`
}

export const traceFile = (name: TraceName): string => join(import.meta.dirname, 'traces', `${name}.json`)

export function writeTraces(): void {
  for (const name of TRACES) writeFileSync(traceFile(name), traceText(generateTrace(name)))
}
