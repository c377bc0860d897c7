/** The suites of `npm test`, quick ones first. */
export type Suite = {
  readonly name: string
  readonly files: string
  /** per test, in ms; a test that drives more says so itself */
  readonly timeout: number
  /** for all of it, in minutes: a suite that hangs is ended and counts as failed */
  readonly limit: number
  /**
   * This many failed files are run once more, each alone, and named at the end if they pass then: whole browsers,
   * encoders, servers and networks share two cores, and one lost race among hundreds is news, not a verdict. More are
   * a fault.
   */
  readonly secondTries: number
  /** Only a wait that ran out is tried again: what was seen to be wrong is a fault, however often it is right. */
  readonly onlyWaits?: boolean
}

export const SUITES: readonly Suite[] = [
  suite('unit', { timeout: 10_000, limit: 10, secondTries: 1, onlyWaits: true }),
  suite('contract', { timeout: 30_000, limit: 20, secondTries: 2 }),
  suite('fuzz', { timeout: 30_000, limit: 10 }),
  suite('model', { timeout: 300_000, limit: 40, secondTries: 1, onlyWaits: true }),
  suite('conformance', {
    timeout: 60_000,
    limit: process.env.OWNSIGHT_LONG ? 30 : 15,
    secondTries: 1,
    onlyWaits: true,
  }),
  suite('evil', { timeout: 120_000, limit: 20, secondTries: 1, onlyWaits: true }),
  suite('e2e', { timeout: 120_000, limit: process.env.OWNSIGHT_LONG ? 150 : 55, secondTries: 3 }),
]

function suite(
  name: string,
  bounds: Pick<Suite, 'timeout' | 'limit'> & Partial<Pick<Suite, 'secondTries' | 'onlyWaits'>>,
): Suite {
  return { name, files: `test/${name}/**/*.test.ts`, secondTries: 0, ...bounds }
}
