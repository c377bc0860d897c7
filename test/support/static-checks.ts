import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SUITES } from './suites.ts'

const root = join(import.meta.dirname, '../..')

/** A check of the sources: what it found, or nothing. */
export type StaticCheck = { readonly name: string; readonly run: () => string | undefined }

/** Types of each workspace, lint of the tree, and that no test file lies where no suite looks. */
export const staticChecks = (): StaticCheck[] => [
  ...globSync('*/tsconfig.json', { cwd: root })
    .map(dirname)
    .sort()
    .map(workspace => ({
      name: `types of ${workspace}`,
      run: () => program('typescript/bin/tsc', ['-p', workspace]),
    })),
  { name: 'lint', run: () => program('@biomejs/biome/bin/biome', ['check', '.']) },
  { name: 'every test belongs to a suite', run: strays },
]

function program(path: string, args: readonly string[]): string | undefined {
  const command = [join(root, 'node_modules', path), ...args]
  const { status, stdout, stderr, error } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
  })
  return status === 0 ? undefined : `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`
}

function strays(): string | undefined {
  const known = new Set(SUITES.flatMap(suite => globSync(suite.files, { cwd: root })))
  const all = globSync(['test/**/*.test.*', '*/src/**/*.test.*'], { cwd: root })
  const lost = all.filter(file => !known.has(file))
  return lost.length === 0 ? undefined : `no suite runs ${lost.join(', ')}`
}
