import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type Checker, type CheckResult, CheckStatus } from '@stryker-mutator/api/check'
import type { Mutant, StrykerOptions } from '@stryker-mutator/api/core'
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'

/** So many of these, chosen by the seed alone: the same sources and seed give the same mutants. */
export function pick<T>(items: readonly T[], count: number, seed: string, name: (item: T) => string): T[] {
  const rank = (item: T): string =>
    createHash('sha256')
      .update(`${seed}\n${name(item)}`)
      .digest('hex')
  return items
    .map(item => ({ item, rank: rank(item) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ item }) => item)
}

/** Lets through only the mutants whose ids stand in the file that the reporter wrote. */
class Sampled implements Checker {
  static inject = tokens(commonTokens.options)
  readonly #file: string
  constructor(options: StrykerOptions) {
    this.#file = String(options.sampleFile)
  }

  async init(): Promise<void> {}

  async check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    const ids = new Set<string>(existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) : [])
    const verdict = (id: string): CheckResult =>
      ids.has(id)
        ? { status: CheckStatus.Passed }
        : { status: CheckStatus.CompileError, reason: 'not in the sample' }
    return Object.fromEntries(mutants.map(({ id }) => [id, verdict(id)]))
  }

  async group(mutants: Mutant[]): Promise<string[][]> {
    return [mutants.map(({ id }) => id)]
  }
}

/** The name Stryker looks for in a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'ownsight-sample', Sampled)]
