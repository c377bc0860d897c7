import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { MUTANTS, runMutant, stands } from './mutants.ts'
import { prepare, reached, run } from './run.ts'

const HELP = `npm run model: random runs of owners, cameras, viewers, a server that may do anything, and an insider.

  npm run model -- --runs 100000   how many runs (default 2000)
  npm run model -- --seed N        repeats the runs of that seed
  npm run model -- --jobs 2        in so many processes, with the seeds N, N + 1, …
  npm run model -- --mutants       takes one check away at a time, and shows that the model notices (--runs: at most)
  npm run model -- --help

Ends with 0 when every invariant held (or every mutant was found), with 1 and the shortest failing run otherwise.
`

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const began = process.hrtime.bigint()
const secs = (): number => Number(process.hrtime.bigint() - began) / 1e9

const options = {
  runs: { type: 'string' },
  seed: { type: 'string' },
  mutants: { type: 'boolean' },
  jobs: { type: 'string', default: '1' },
  help: { type: 'boolean' },
} as const

function readOptions() {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    say(`${(error as Error).message}; see npm run model -- --help`)
    return undefined
  }
}

async function main(): Promise<number> {
  const values = readOptions()
  if (!values) return 1
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const runs = Number(values.runs ?? (values.mutants ? 10_000 : 2000))
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const jobs = Number(values.jobs)
  if (![runs, seed, jobs].every(Number.isSafeInteger) || runs < 1 || jobs < 1) {
    say('--runs, --seed and --jobs are whole numbers; see npm run model -- --help')
    return 1
  }
  if (jobs > 1) return inParallel(runs, seed, jobs)
  say(`seed ${seed}`)
  return values.mutants ? mutants(runs, seed) : search(runs, seed)
}

async function search(runs: number, seed: number): Promise<number> {
  const every = Math.max(100, Math.round(runs / 20))
  const onRun = (done: number): void => {
    if (done % every === 0)
      process.stderr.write(`${done} of ${runs} runs, ${(done / secs()).toFixed(0)} per second\n`)
  }
  const outcome = await run(await prepare(), { runs, seed, onRun })
  say(outcome.ok ? `${runs} runs in ${secs().toFixed(0)} s: every invariant held` : outcome.report)
  const { commands, live, rendered, paired, joined, redeemed, policies } = reached
  say(`${commands} steps: ${live} sessions live, ${rendered} shown, ${policies} policies in force,`)
  say(`${paired} pairings, ${joined} second devices, ${redeemed} invitations redeemed`)
  return outcome.ok ? 0 : 1
}

async function inParallel(runs: number, seed: number, jobs: number): Promise<number> {
  const codes = await Promise.all(
    Array.from({ length: jobs }, (_, i) => {
      const args = ['--runs', String(Math.ceil(runs / jobs)), '--seed', String(seed + i)]
      const child = spawn(process.execPath, [import.meta.filename, ...args], { stdio: 'inherit' })
      return new Promise<number>(resolve => child.once('close', code => resolve(code ?? 1)))
    }),
  )
  const held = codes.every(code => code === 0)
  const verdict = held ? 'every invariant held' : 'AN INVARIANT WAS BROKEN: see above'
  say(`${runs} runs in ${jobs} processes, ${secs().toFixed(0)} s: ${verdict}`)
  return held ? 0 : 1
}

async function mutants(runs: number, seed: number): Promise<number> {
  let missed = 0
  for (const one of MUTANTS) {
    const { found, out } = stands(one)
      ? await runMutant(one, runs, seed)
      : { found: false, out: 'not in the source' }
    const at = /run (\d+), shrunk/.exec(out)?.[1]
    const which = /^(I\d+) does not hold/m.exec(out)?.[1]
    say(found ? `found by ${which} in run ${at}: ${one.name}` : `NOT FOUND: ${one.name}\n${out}`)
    if (!found) missed++
  }
  say(`${MUTANTS.length - missed} of ${MUTANTS.length} mutants found`)
  return missed === 0 ? 0 : 1
}

process.exitCode = await main()
