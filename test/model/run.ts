import fc from 'fast-check'
import { type Command, command } from './commands.ts'
import { installFastCrypto } from './fast-crypto.ts'
import { INVARIANTS, observe } from './invariants.ts'
import { makeKeys } from './keys.ts'
import { play } from './play.ts'
import { installVirtualTime } from './virtual-time.ts'
import { type Beginning, createWorld, makeBeginning } from './world.ts'

export const LONGEST = 40

export type Outcome = { ok: true } | { ok: false; report: string }

/** What the runs reached, so that a model in which nothing happens is noticed. */
export const reached = { commands: 0, live: 0, rendered: 0, paired: 0, policies: 0 }

/** Makes the model's world in this process: from here on its time and its crypto are the model's. */
export async function prepare(): Promise<Beginning> {
  const keys = await makeKeys()
  // What is refused is the business of the invariants.
  console.warn = () => undefined
  installFastCrypto()
  installVirtualTime()
  return makeBeginning(keys)
}

async function playAll(beginning: Beginning, commands: readonly Command[]): Promise<void> {
  const world = await createWorld(beginning)
  await observe(world)
  for (const each of commands) {
    await play(world, each)
    await observe(world)
    for (const { name, sentence, check } of INVARIANTS) {
      const fault = check(world)
      if (fault) throw new Error(`${name} does not hold: ${fault}.\n  ${sentence}`)
    }
  }
  reached.commands += commands.length
  reached.live += world.ledger.lived.size
  reached.rendered += world.viewers.flatMap(each => each.attempts).filter(each => each.rendered).length
  reached.paired += world.admins.reduce((sum, each) => sum + each.paired.length, 0)
  reached.policies += [...world.ledger.chains.values()].reduce((sum, chain) => sum + chain.length, 0)
}

/** `runs` runs from `seed`; a failure comes back shrunk. */
export async function run(
  beginning: Beginning,
  options: { runs: number; seed: number; onRun?: () => void },
): Promise<Outcome> {
  const property = fc.asyncProperty(
    fc.array(command, { maxLength: LONGEST, size: 'max' }),
    async commands => {
      options.onRun?.()
      await playAll(beginning, commands)
    },
  )
  const details = await fc.check(property, { numRuns: options.runs, seed: options.seed, endOnFailure: false })
  if (!details.failed) return { ok: true }
  const steps = (details.counterexample?.[0] ?? []).map(each => `  ${JSON.stringify(each)}`)
  const error =
    details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance)
  const where = `seed ${details.seed}, run ${details.numRuns}, shrunk ${details.numShrinks} times`
  return { ok: false, report: [error, `After (${where}):`, ...steps].join('\n') }
}
