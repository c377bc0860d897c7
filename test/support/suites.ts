/** The suites of `npm test`, quick ones first. */
export type Suite = {
  readonly name: string
  readonly files: string
  /** per test, in ms; a test that drives more says so itself */
  readonly timeout: number
  /** for all of it, in minutes: a suite that hangs is ended and counts as failed */
  readonly limit: number
}

export const SUITES: readonly Suite[] = [
  suite('unit', { timeout: 10_000, limit: 10 }),
  suite('contract', { timeout: 30_000, limit: 20 }),
  suite('fuzz', { timeout: 30_000, limit: 10 }),
  suite('model', { timeout: 300_000, limit: 40 }),
  suite('conformance', { timeout: 60_000, limit: 15 }),
  suite('evil', { timeout: 120_000, limit: 20 }),
  suite('e2e', { timeout: 120_000, limit: process.env.OWNSIGHT_LONG ? 150 : 55 }),
]

function suite(name: string, bounds: Pick<Suite, 'timeout' | 'limit'>): Suite {
  return { name, files: `test/${name}/**/*.test.ts`, ...bounds }
}
