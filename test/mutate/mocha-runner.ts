import { INSTRUMENTER_CONSTANTS, type StrykerOptions } from '@stryker-mutator/api/core'
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner'
import Mocha from 'mocha'
import type { Group } from './groups.ts'

/** What the mutated sources read: which mutant is active, and which test is charged with what is reached. */
type Switch = {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: NonNullable<Extract<DryRunResult, { status: DryRunStatus.Complete }>['mutantCoverage']>
  hitLimit?: number | undefined
  hitCount?: number | undefined
}

/**
 * Stryker's door to mocha 12, whose inner files its own runner does not find. All tests are loaded once; a mutant is
 * switched on in place, and only the tests that reach it run. One that acts while loading gets a new process.
 */
class MochaRunner implements TestRunner {
  static inject = tokens(commonTokens.options)
  readonly #mocha: Mocha
  readonly #switch: Switch
  #tests: TestResult[] = []
  #loaded = false

  constructor(options: StrykerOptions) {
    const { tests, timeout } = options.group as Group
    this.#switch = (globalThis as Record<string, unknown>)[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {}
    const note = (result: TestResult): void => void this.#tests.push(result)
    function Notes(runner: Mocha.Runner): void {
      runner.on('pass', test => note({ ...named(test), status: TestStatus.Success }))
      runner.on('fail', (test, error) =>
        note({ ...named(test), status: TestStatus.Failed, failureMessage: String(error?.message) }),
      )
    }
    this.#mocha = new Mocha({ reporter: Notes as never, timeout })
    this.#mocha.cleanReferencesAfterRun(false)
    for (const test of tests) this.#mocha.addFile(test)
    const noteTest = (title: string | undefined): void => {
      this.#switch.currentTestId = title
    }
    this.#mocha.suite.beforeEach('coverage', function () {
      noteTest(this.currentTest?.fullTitle())
    })
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  async dryRun({ disableBail }: DryRunOptions): Promise<DryRunResult> {
    await this.#load()
    const result = await this.#run(disableBail)
    const { mutantCoverage } = this.#switch
    return result.status === DryRunStatus.Complete && mutantCoverage ? { ...result, mutantCoverage } : result
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, testFilter, hitLimit, disableBail } = options
    this.#switch.hitLimit = hitLimit
    this.#switch.hitCount = hitLimit ? 0 : undefined
    // Programs that a test starts read it there.
    process.env[INSTRUMENTER_CONSTANTS.ACTIVE_MUTANT_ENV_VARIABLE] = activeMutant.id
    this.#switch.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined
    const fault = await this.#load().then(
      () => undefined,
      error => String(error),
    )
    // No test can pass where its module does not load.
    if (fault)
      return {
        status: MutantRunStatus.Killed,
        killedBy: [],
        nrOfTests: 0,
        failureMessage: fault.slice(0, 200),
      }
    this.#switch.activeMutant = activeMutant.id
    this.#mocha.grep(testFilter ? new RegExp(`^(${testFilter.map(RegExp.escape).join('|')})$`) : /./)
    return toMutantRunResult(await this.#run(disableBail))
  }

  async #load(): Promise<void> {
    if (this.#loaded) return
    await this.#mocha.loadFilesAsync()
    this.#loaded = true
  }

  async #run(disableBail: boolean): Promise<DryRunResult> {
    setBail(this.#mocha.suite, !disableBail)
    this.#tests = []
    await new Promise<void>(resolve => this.#mocha.run(() => resolve()))
    this.#switch.currentTestId = undefined
    const endless = determineHitLimitReached(this.#switch.hitCount, this.#switch.hitLimit)
    return endless ?? { status: DryRunStatus.Complete, tests: this.#tests }
  }
}

function named(test: Mocha.Runnable): { id: string; name: string; timeSpentMs: number } {
  const title = test.ctx?.currentTest?.fullTitle() ?? test.fullTitle()
  return { id: title, name: title, timeSpentMs: test.duration ?? 0 }
}

function setBail(suite: Mocha.Suite, bail: boolean): void {
  suite.bail(bail)
  for (const inner of suite.suites) setBail(inner, bail)
}

/** The name Stryker looks for in a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'ownsight-mocha', MochaRunner)]
