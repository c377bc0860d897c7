import { writeFileSync } from 'node:fs'
import type { MutantResult, StrykerOptions } from '@stryker-mutator/api/core'
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import type { MutationTestingPlanReadyEvent, Reporter } from '@stryker-mutator/api/report'
import { pick } from './sample.ts'

/** What is told while Stryker runs. */
export type Listener = {
  /** Chosen and counted: so many mutants will be tried. */
  onPlan(total: number): void
  onMutant(result: Readonly<MutantResult>, done: number): void
}

/** Stryker's reporter in this process: draws the sample, and tells each mutant that belongs to it. */
class Follower implements Reporter {
  static inject = tokens(commonTokens.options)
  readonly #options: StrykerOptions
  #chosen: ReadonlySet<string> | undefined
  #done = 0
  constructor(options: StrykerOptions) {
    this.#options = options
  }

  onMutationTestingPlanReady({ mutantPlans }: MutationTestingPlanReadyEvent): void {
    const { sample, seed, sampleFile } = this.#options
    const listener = this.#options.listener as Listener
    if (typeof sample !== 'number') return listener.onPlan(mutantPlans.length)
    const name = ({ mutant }: (typeof mutantPlans)[number]): string =>
      `${mutant.id} ${JSON.stringify(mutant.location)} ${mutant.replacement}`
    const ids = pick(mutantPlans, sample, String(seed), name).map(({ mutant }) => mutant.id)
    this.#chosen = new Set(ids)
    writeFileSync(String(sampleFile), JSON.stringify(ids))
    listener.onPlan(ids.length)
  }

  onMutantTested(result: Readonly<MutantResult>): void {
    if (this.#chosen && !this.#chosen.has(result.id)) return
    this.#done++
    ;(this.#options.listener as Listener).onMutant(result, this.#done)
  }
}

/** The name Stryker looks for in a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'ownsight-follow', Follower)]
