import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import type { Listener } from './follow.ts'
import type { Group } from './groups.ts'
import { type Mutant, mutantOf } from './mutant.ts'

export type Options = {
  /** test processes side by side */
  readonly jobs: number
  readonly sample?: { readonly count: number; readonly seed: string } | undefined
  /** says nothing of what goes wrong but what it throws */
  readonly quiet?: boolean
  readonly onPlan?: (total: number) => void
  readonly onMutant?: (mutant: Mutant, done: number) => void
}

/**
 * Tries the mutants of one group in `tree`, a copy of the sources that may be damaged (Stryker rewrites them in
 * place and puts them back). The process works in that folder meanwhile. Throws where a test fails as things are.
 */
export async function mutate(tree: string, group: Group, options: Options): Promise<Mutant[]> {
  const home = process.cwd()
  const sources = new Map(group.sources.map(file => [file, readFileSync(join(tree, file), 'utf8')]))
  const mutants: Mutant[] = []
  const listener: Listener = {
    onPlan: total => options.onPlan?.(total),
    onMutant(result, done) {
      const file = relative(tree, result.fileName)
      const mutant = mutantOf(result, file, sources.get(file) ?? '')
      if (!mutant) return
      mutants.push(mutant)
      options.onMutant?.(mutant, done)
    },
  }
  process.chdir(tree)
  try {
    await new Stryker({ ...settings(tree, group, options), listener } as never).runMutationTest()
  } finally {
    process.chdir(home)
  }
  return mutants
}

function settings(tree: string, group: Group, { jobs, sample, quiet }: Options): object {
  return {
    plugins: ['mocha-runner', 'follow', 'sample'].map(name => join(import.meta.dirname, `${name}.ts`)),
    testRunner: 'ownsight-mocha',
    reporters: ['ownsight-follow'],
    checkers: sample ? ['ownsight-sample'] : [],
    ...(sample ? { sample: sample.count, seed: sample.seed, sampleFile: join(tree, 'sample.json') } : {}),
    group,
    mutate: group.sources,
    coverageAnalysis: 'perTest',
    inPlace: true,
    concurrency: jobs,
    // A mutant that never ends: twice what its tests take, and ten seconds.
    timeoutFactor: 2,
    timeoutMS: 10_000,
    dryRunTimeoutMinutes: 15,
    disableTypeChecks: false,
    allowConsoleColors: false,
    warnings: false,
    logLevel: quiet ? 'off' : 'error',
  }
}
