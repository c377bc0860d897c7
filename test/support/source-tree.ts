import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export const repository = join(import.meta.dirname, '../..')

/** The programs and their shared contract: all workspaces but the tests. */
export const programs = ['protocol', 'turn-config', 'signaling', 'camera-agent', 'viewer', 'start'] as const

export type SourceFile = { readonly path: string; readonly text: string }

/** Every source file of the programs, its path from the root of the repository. */
export const sourceFiles = (): SourceFile[] =>
  globSync(
    programs.map(program => `${program}/src/**/*.{ts,tsx,mts,cts,js,mjs,cjs}`),
    { cwd: repository },
  )
    .sort()
    .map(path => ({ path, text: readFileSync(join(repository, path), 'utf8') }))

/** What a file imports, static or dynamic, as written. */
export const importsOf = ({ text }: { text: string }): string[] =>
  [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)['"]([^'"]+)['"]/g)].map(
    match => match[1] ?? '',
  )

/** Relative imports of a file as paths from the root of the repository. */
export const localImportsOf = (file: SourceFile): string[] =>
  importsOf(file)
    .filter(target => target.startsWith('.'))
    .map(target => normalize(join(dirname(file.path), target)))
