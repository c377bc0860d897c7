import fc from 'fast-check'
import { type Command, command } from './commands.ts'
import { installFastCrypto, installFastFrom } from './fast-crypto.ts'
import { honestEnd } from './honest-end.ts'
import { descriptionProperty, envelopeProperty } from './input-properties.ts'
import { INVARIANTS } from './invariants.ts'
import { makeKeys } from './keys.ts'
import { observe, remember } from './observe.ts'
import { play } from './play.ts'
import { installVirtualTime } from './virtual-time.ts'
import { type Beginning, createWorld, makeBeginning, type World } from './world.ts'

export const LONGEST = 32

export type Outcome = { ok: true } | { ok: false; report: string }

/** What the runs reached, so that a model in which nothing happens is noticed. */
export const reached = { commands: 0, live: 0, rendered: 0, paired: 0, joined: 0, redeemed: 0, policies: 0 }

/** Makes the model's world in this process: from here on its time and its crypto are the model's. */
export async function prepare(): Promise<Beginning> {
  const keys = await makeKeys()
  // What is refused is the business of the invariants.
  console.warn = () => undefined
  installFastCrypto()
  installFastFrom()
  installVirtualTime()
  return makeBeginning(keys)
}

/** One run: its steps, and whether the server is honest in the end. */
type Run = { steps: readonly Command[]; ending: number }

async function playAll(beginning: Beginning, { steps, ending }: Run): Promise<void> {
  const world = await createWorld(beginning)
  await judge(world)
  for (const each of steps) {
    await play(world, each)
    await judge(world)
  }
  note(world, steps.length)
  if (ending === 0) return
  const fault = await honestEnd(world, ending)
  if (fault)
    throw new Error(`I5 does not hold: ${fault}.\n  What the server did has no effect once it is honest.`)
  await judge(world)
}

async function judge(world: World): Promise<void> {
  await observe(world)
  for (const { name, sentence, check } of INVARIANTS) {
    const fault = check(world)
    if (fault) throw new Error(`${name} does not hold: ${fault}.\n  ${sentence}`)
  }
  remember(world)
}

function note(world: World, steps: number): void {
  reached.commands += steps
  reached.live += world.ledger.lived.size
  reached.rendered += world.viewers.flatMap(each => each.attempts).filter(each => each.rendered).length
  reached.paired += world.admins.reduce((sum, each) => sum + each.paired.length, 0)
  reached.joined += world.joinings.filter(each => each.taken).length
  reached.redeemed += world.ledger.redeemed.length
  reached.policies += [...world.ledger.chains.values()].reduce((sum, chain) => sum + chain.length, 0)
}

export type Options = { runs: number; seed: number; onRun?: (done: number) => void }

/** `runs` runs from `seed`; a failure comes back shrunk. */
export async function run(beginning: Beginning, options: Options): Promise<Outcome> {
  let done = 0
  const property = fc.asyncProperty(
    fc.record({
      steps: fc.array(command, { maxLength: LONGEST, size: 'max' }),
      // how long after it the server turns honest, in seconds; 0: never
      ending: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 40, 100_000),
    }),
    async one => {
      options.onRun?.(++done)
      await playAll(beginning, one)
    },
  )
  const settings = { numRuns: options.runs, seed: options.seed }
  const details = await fc.check(property, settings)
  if (!details.failed) return inputs(beginning, settings)
  const found = details.counterexample?.[0]
  const steps = (found?.steps ?? []).map(each => `  ${JSON.stringify(each)}`)
  if (found?.ending) steps.push(`  and ${found.ending} s later an honest end`)
  return { ok: false, report: [...said(details), ...steps].join('\n') }
}

/** The properties of any input, as often. */
async function inputs({ keys }: Beginning, settings: { numRuns: number; seed: number }): Promise<Outcome> {
  const properties = [() => envelopeProperty(keys), async () => descriptionProperty()] as const
  for (const make of properties) {
    const property = (await make()) as fc.IAsyncProperty<unknown>
    const details = await fc.check(property, settings)
    if (!details.failed) continue
    return { ok: false, report: [...said(details), `  ${fc.stringify(details.counterexample)}`].join('\n') }
  }
  return { ok: true }
}

type Failure = { errorInstance?: unknown; seed: number; numRuns: number; numShrinks: number }

function said({ errorInstance, seed, numRuns, numShrinks }: Failure): string[] {
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  return [message, `After (seed ${seed}, run ${numRuns}, shrunk ${numShrinks} times):`]
}
