import { basename } from 'node:path'
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

/** Test files that are loaded and run together. */
type Part = { readonly mocha: Mocha; loaded: boolean }

/**
 * Stryker's door to mocha 12, whose inner files its own runner does not find. All tests are loaded once; a mutant is
 * switched on in place, and only the tests that reach it run. One that acts while loading gets a new process; there
 * the tests named as its source go first, for mostly they kill it.
 */
class MochaRunner implements TestRunner {
  static inject = tokens(commonTokens.options)
  readonly #group: Group
  readonly #switch: Switch
  #parts: readonly Part[] = []
  #tests: TestResult[] = []

  constructor(options: StrykerOptions) {
    this.#group = options.group as Group
    const world = globalThis as Record<string, unknown>
    world[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {}
    this.#switch = world[INSTRUMENTER_CONSTANTS.NAMESPACE] as Switch
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  async dryRun({ disableBail }: DryRunOptions): Promise<DryRunResult> {
    const first = await this.#run(disableBail)
    // On a machine that is busy a wait runs out now and then: only what fails twice is broken.
    const result = hasFailed(first) ? await this.#run(disableBail) : first
    const { mutantCoverage } = this.#switch
    return result.status === DryRunStatus.Complete && mutantCoverage ? { ...result, mutantCoverage } : result
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, testFilter, hitLimit, disableBail } = options
    this.#switch.hitLimit = hitLimit
    this.#switch.hitCount = hitLimit ? 0 : undefined
    // Programs that a test starts read it there.
    process.env[INSTRUMENTER_CONSTANTS.ACTIVE_MUTANT_ENV_VARIABLE] = activeMutant.id
    if (mutantActivation === 'static' && this.#parts.length === 0) {
      const stem = basename(activeMutant.fileName, '.ts')
      const own = this.#group.tests.filter(test => basename(test).startsWith(stem))
      const others = this.#group.tests.filter(test => !own.includes(test))
      this.#parts = [own, others].filter(files => files.length > 0).map(files => this.#part(files))
    }
    const active = mutantActivation === 'static' ? activeMutant.id : undefined
    try {
      const filter = testFilter ? new RegExp(`^(${testFilter.map(RegExp.escape).join('|')})$`) : /./
      return toMutantRunResult(await this.#run(disableBail, filter, active, activeMutant.id))
    } catch (error) {
      // No test can pass where its module does not load.
      const failureMessage = String(error).slice(0, 200)
      return { status: MutantRunStatus.Killed, killedBy: [], nrOfTests: 0, failureMessage }
    }
  }

  /** Part by part until a test fails. @throws where a file does not load */
  async #run(
    disableBail: boolean,
    filter = /./,
    whileLoading?: string | undefined,
    active?: string | undefined,
  ): Promise<DryRunResult> {
    if (this.#parts.length === 0) this.#parts = [this.#part(this.#group.tests)]
    this.#tests = []
    for (const part of this.#parts) {
      this.#switch.activeMutant = whileLoading
      if (!part.loaded) await part.mocha.loadFilesAsync()
      part.loaded = true
      this.#switch.activeMutant = active
      setBail(part.mocha.suite, !disableBail)
      part.mocha.grep(filter)
      await new Promise<void>(resolve => part.mocha.run(() => resolve()))
      this.#switch.currentTestId = undefined
      const endless = determineHitLimitReached(this.#switch.hitCount, this.#switch.hitLimit)
      if (endless) return endless
      if (!disableBail && this.#tests.some(({ status }) => status === TestStatus.Failed)) break
    }
    return { status: DryRunStatus.Complete, tests: this.#tests }
  }

  #part(files: readonly string[]): Part {
    const note = (result: TestResult): void => void this.#tests.push(result)
    const noteTest = (title: string | undefined): void => {
      this.#switch.currentTestId = title
    }
    function Notes(runner: Mocha.Runner): void {
      runner.on('pass', test => note({ ...named(test), status: TestStatus.Success }))
      runner.on('fail', (test, error) =>
        note({ ...named(test), status: TestStatus.Failed, failureMessage: String(error?.message) }),
      )
    }
    const mocha = new Mocha({ reporter: Notes as never, timeout: this.#group.timeout })
    mocha.cleanReferencesAfterRun(false)
    for (const file of files) mocha.addFile(file)
    mocha.suite.beforeEach('coverage', function () {
      noteTest(this.currentTest?.fullTitle())
    })
    return { mocha, loaded: false }
  }
}

function named(test: Mocha.Runnable): { id: string; name: string; timeSpentMs: number } {
  const title = test.ctx?.currentTest?.fullTitle() ?? test.fullTitle()
  return { id: title, name: title, timeSpentMs: test.duration ?? 0 }
}

function hasFailed(result: DryRunResult): boolean {
  return (
    result.status === DryRunStatus.Complete && result.tests.some(({ status }) => status === TestStatus.Failed)
  )
}

function setBail(suite: Mocha.Suite, bail: boolean): void {
  suite.bail(bail)
  for (const inner of suite.suites) setBail(inner, bail)
}

/** The name Stryker looks for in a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'ownsight-mocha', MochaRunner)]
