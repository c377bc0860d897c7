import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildViewer } from '../../start/src/viewer-build.ts'
import { watchForLeaks } from './leaks.ts'
import { missing } from './requirements.ts'
import { type Counts, type Failure, runSuite, type SuiteResult } from './run-suite.ts'
import { staticChecks } from './static-checks.ts'
import { SUITES } from './suites.ts'

const STATIC = 'static'
const NAMES = [STATIC, ...SUITES.map(suite => suite.name)]
const HELP = `npm test: types, lint, and every suite; closing line "N passed, N failed".

  npm test -- --suite e2e        one suite (${NAMES.join(', ')}); may be repeated
  npm test -- --grep "attack 15" tests whose title matches
  npm test -- --long             long forms: more repetitions, the whole table of MUSTs
  npm test -- --help
`

const root = join(import.meta.dirname, '../..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

type Options = { suites: ReadonlySet<string>; grep: string | undefined; long: boolean }

process.exitCode = await main()
// Only what this file itself holds open could keep it: a leak is counted by then.
process.exit()

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'string') {
    say(options)
    return options === HELP ? 0 : 1
  }
  const absent = missing().filter(each => !each.benchOnly)
  if (absent.length > 0) {
    say(`missing: ${absent.map(each => each.package).join(', ')}; run \`npm run setup\``)
    return 1
  }
  const { passed, failed, skipped, failures, unsteady } = await runAll(options)
  for (const failure of unsteady) say(`failed at first, and passed alone: ${inShort(failure)}`)
  for (const failure of failures) say(`failed: ${inShort(failure)}`)
  if (passed + failed === 0) say('no test ran')
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** The options, or the text to end with. */
function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        suite: { type: 'string', multiple: true },
        grep: { type: 'string' },
        long: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) return HELP
    const unknown = values.suite?.find(name => !NAMES.includes(name))
    if (unknown !== undefined) return `there is no suite "${unknown}": ${NAMES.join(', ')}`
    return { suites: new Set(values.suite ?? NAMES), grep: values.grep, long: values.long ?? false }
  } catch (error) {
    return `${(error as Error).message}; see npm test -- --help`
  }
}

async function runAll(options: Options): Promise<SuiteResult> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 }
  const failures: Failure[] = []
  const unsteady: Failure[] = []
  const add = (counts: Partial<Counts>): void => {
    total.passed += counts.passed ?? 0
    total.failed += counts.failed ?? 0
    total.skipped += counts.skipped ?? 0
  }
  if (options.suites.has(STATIC) && options.grep === undefined) {
    say('\n── static')
    for (const check of staticChecks()) add(report(check.name, check.run()))
  }
  const chosen = SUITES.filter(suite => options.suites.has(suite.name))
  if (chosen.some(suite => suite.name === 'e2e')) add(await build())
  const watch = watchForLeaks()
  const env = { ...watch.env, ...(options.long ? { OWNSIGHT_LONG: '1' } : {}) }
  for (const suite of chosen) {
    say(`\n── ${suite.name}`)
    const files = globSync(suite.files, { cwd: root }).sort()
    if (files.length === 0) add(report(`it has tests`, `nothing in ${suite.files}`))
    else {
      const found = await runSuite(suite, files, { grep: options.grep, env })
      add(found)
      failures.push(...found.failures)
      unsteady.push(...found.unsteady)
    }
  }
  const leaks = await watch.close()
  if (leaks.length > 0) add(report('the tests leave nothing behind', leaks.join('\n')))
  return { ...total, failures, unsteady }
}

/** At the end of a long run, so that nobody has to look for it. */
function inShort({ title, message }: Failure): string {
  return `${title}\n  ${message.split('\n', 5).join('\n  ')}`
}

/** One check as one test: a line, and what is wrong below it. */
function report(name: string, fault: string | undefined): Partial<Counts> {
  say(`  ${fault === undefined ? '✔' : '✘'} ${name}${fault === undefined ? '' : `\n${fault}`}`)
  return fault === undefined ? { passed: 1 } : { failed: 1 }
}

/** The browsers are served the viewer as it is now; a build that works is no test. */
async function build(): Promise<Partial<Counts>> {
  try {
    await buildViewer(say)
    return {}
  } catch (error) {
    return report('the viewer builds', (error as Error).message)
  }
}
