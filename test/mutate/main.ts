import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copySources, root } from '../conformance/mutant-tree.ts'
import { machine } from '../networks/report.ts'
import { type Group, groupsOf, onlyFiles } from './groups.ts'
import { describeMutant, isDead, type Mutant } from './mutant.ts'
import { mutate } from './mutate.ts'
import { renderPage } from './page.ts'
import { quotas } from './quotas.ts'
import { reasonOf } from './reasons.ts'
import { closing, enoughDied, listSurvivors, table } from './report.ts'

const HELP = `npm run mutate: changes protocol/ and the guard in every small generic way, one change at a time, and runs the tests
that reach it. At least 90 % must fail one; a survivor has its reason in test/mutate/reasons.ts.

  npm run mutate                      all of it, and writes docs/MUTANTS.md
  npm run mutate -- --file bytes.ts   one source, or a folder; may be repeated
  npm run mutate -- --sample 200      so many, drawn by --seed N (printed)
  npm run mutate -- --jobs 1          test processes side by side (default 2)
  npm run mutate -- --list-survivors  every survivor with its reason, at the end
  npm run mutate -- --help

Ends with 0 when at least 90 % died, else with 1.
`

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const began = performance.now()
const minutes = (): number => (performance.now() - began) / 60_000

type Settings = { files: string[]; sample: number | undefined; seed: string; jobs: number; list: boolean }

process.exitCode = await main()
process.exit()

async function main(): Promise<number> {
  const settings = readSettings()
  if (typeof settings === 'string') {
    say(settings)
    return settings === HELP ? 0 : 1
  }
  const tree = copySources()
  process.once('exit', () => rmSync(tree, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const groups = onlyFiles(groupsOf(tree), settings.files)
  if (groups.length === 0) {
    say(
      `no source of protocol/ or the guard is named ${settings.files.join(', ')}; see npm run mutate -- --help`,
    )
    return 1
  }
  let mutants: Mutant[]
  try {
    mutants = await tryAll(tree, groups, settings)
  } catch (error) {
    say(`nothing was measured: ${(error as Error).message}`)
    return 1
  }
  say(`\n${table(mutants)}\n`)
  if (settings.list) say(`${listSurvivors(mutants)}\n`)
  if (settings.files.length === 0 && settings.sample === undefined) {
    writeFileSync(join(root, 'docs', 'MUTANTS.md'), renderPage(mutants, machine(), minutes()))
    say('docs/MUTANTS.md: written')
  }
  say(closing(mutants))
  return enoughDied(mutants) ? 0 : 1
}

async function tryAll(tree: string, groups: readonly Group[], settings: Settings): Promise<Mutant[]> {
  const { sample, seed, jobs } = settings
  if (sample !== undefined) say(`seed ${seed}`)
  const shares = sample === undefined ? undefined : quotas(tree, groups, sample)
  const mutants: Mutant[] = []
  for (const [i, group] of groups.entries()) {
    const count = shares?.[i]
    if (count === 0) continue
    const drawn = count === undefined ? undefined : { count, seed }
    say(`\n── ${group.name}: the tests as they are, then the mutants`)
    mutants.push(...(await mutate(tree, group, { jobs, sample: drawn, ...progress() })))
  }
  return mutants
}

/** A line for each survivor, and one now and then. */
function progress() {
  let total = 0
  return {
    onPlan(planned: number): void {
      total = planned
      say(`${total} mutants`)
    },
    onMutant(mutant: Mutant, done: number): void {
      const place = `${String(done).padStart(String(total).length)}/${total}`
      if (!isDead(mutant))
        say(`${place} ${mutant.fate} ${describeMutant(mutant)}${reasonOf(mutant) ? ' (reason given)' : ''}`)
      else if (done % 100 === 0 || done === total) say(`${place} after ${minutes().toFixed(1)} min`)
    },
  }
}

/** What was asked for, or the text to end with. */
function readSettings(): Settings | string {
  try {
    const { values } = parseArgs({
      options: {
        file: { type: 'string', multiple: true, default: [] },
        sample: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string', default: '2' },
        'list-survivors': { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    })
    if (values.help) return HELP
    const sample = values.sample === undefined ? undefined : Number(values.sample)
    const jobs = Number(values.jobs)
    if (![sample ?? 1, jobs].every(number => Number.isSafeInteger(number) && number >= 1))
      return '--sample and --jobs are whole numbers from 1; see npm run mutate -- --help'
    const seed = values.seed ?? String(Date.now() % 2 ** 31)
    return { files: values.file, sample, seed, jobs, list: values['list-survivors'] }
  } catch (error) {
    return `${(error as Error).message}; see npm run mutate -- --help`
  }
}
