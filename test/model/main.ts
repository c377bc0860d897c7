import { parseArgs } from 'node:util'
import { prepare, reached, run } from './run.ts'

const HELP = `npm run model: random runs of owners, cameras, viewers, a server that may do anything, and an insider.

  npm run model -- --runs 100000   how many runs (default 2000)
  npm run model -- --seed N        repeats the runs of that seed
  npm run model -- --help

Ends with 0 when every invariant held, with 1 and the shortest failing run otherwise.
`

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { runs: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const runs = Number(values.runs ?? 2000)
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const clock = process.hrtime.bigint
  const began = clock()
  const secs = (): number => Number(clock() - began) / 1e9
  let done = 0
  const beginning = await prepare()
  const outcome = await run(beginning, {
    runs,
    seed,
    onRun: () => {
      done++
      if (done % 1000 === 0)
        process.stderr.write(`${done} of ${runs} runs, ${(done / secs()).toFixed(0)} per second\n`)
    },
  })
  process.stdout.write(`${JSON.stringify(reached)}\n`)
  process.stdout.write(
    outcome.ok
      ? `${runs} runs, seed ${seed}: every invariant held (${secs().toFixed(0)} s)\n`
      : `${outcome.report}\n`,
  )
  return outcome.ok ? 0 : 1
}
