import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Must } from './must.ts'
import { type MutantTree, plantTree, root } from './mutant-tree.ts'

export type Verdict = { row: Must; dies: boolean; why: string }

/** Why a row cannot be tried at all, or undefined: its text must occur in the source exactly once. */
export function staleRow(row: Must): string | undefined {
  const source = readFileSync(join(root, row.file), 'utf8')
  const count = source.split(row.find).length - 1
  if (count === 1) return undefined
  return count === 0
    ? `${row.file} no longer holds the text to remove`
    : `the text occurs ${count} times in ${row.file}`
}

/**
 * Proves rows: first every test they name passes on the sources as they are, then, for each row, it fails without
 * that row's check. `say` gets one verdict at a time.
 */
export async function prove(
  rows: readonly Must[],
  options: { jobs: number; say: (verdict: Verdict, done: number) => void },
): Promise<Verdict[]> {
  const trees = Array.from({ length: Math.min(options.jobs, rows.length) }, () => plantTree())
  try {
    const controls = new Map<string, string[]>()
    await share([...new Set(rows.map(row => row.test))], trees, async (test, tree) => {
      const { passed, failed, trouble } = await tree.run(test)
      if (trouble !== undefined) controls.set(test, [])
      else
        controls.set(
          test,
          passed.filter(title => !failed.includes(title)),
        )
    })
    const verdicts: Verdict[] = []
    await share(rows, trees, async (row, tree) => {
      const verdict = await judge(row, tree, controls.get(row.test) ?? [])
      verdicts.push(verdict)
      options.say(verdict, verdicts.length)
    })
    return verdicts
  } finally {
    for (const tree of trees) tree.dispose()
  }
}

async function judge(row: Must, tree: MutantTree, passing: readonly string[]): Promise<Verdict> {
  const stale = staleRow(row)
  if (stale) return { row, dies: false, why: stale }
  if (!passing.some(title => title.includes(row.grep)))
    return { row, dies: false, why: `no test of ${row.test} passes as it is and is named so` }
  const { failed, trouble } = await tree.runWithout(row)
  if (trouble !== undefined) return { row, dies: false, why: `nothing ran: ${trouble}` }
  const dead = failed.filter(title => title.includes(row.grep))
  if (dead.length === 0) return { row, dies: false, why: 'the test passes without the check' }
  return { row, dies: true, why: '' }
}

/** Each worker takes the next item as soon as it is free. */
async function share<T>(
  items: readonly T[],
  trees: readonly MutantTree[],
  work: (item: T, tree: MutantTree) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  await Promise.all(
    trees.map(async tree => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, tree)
    }),
  )
}
