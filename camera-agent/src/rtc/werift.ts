import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { GuardError } from './guard-error.ts'

/**
 * The one copy of werift this agent uses: the CommonJS one, whose internal modules can be reached beside it. The ESM
 * entry is a bundle with other classes, which the guard would not touch; nothing may import it.
 */
const require = createRequire(import.meta.url)
const entry = require.resolve('werift')
const lib = join(entry, '..', '..', '..')

export const PINNED_VERSION = '0.25.2'

export function weriftVersion(): string {
  return JSON.parse(readFileSync(join(lib, '..', 'package.json'), 'utf8')).version
}

export const werift: typeof import('werift') = require('werift')

/** An internal module of the same copy, by its path under `lib/`. */
export function internal<T>(path: string): T {
  try {
    return require(join(lib, path)) as T
  } catch {
    throw new GuardError('shape', `werift has no ${path}: it is not the version the guard was made for`)
  }
}
