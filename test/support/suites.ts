/** The suites of `npm test`, quick ones first. `timeout` is per test, in ms. */
export type Suite = { name: string; files: string[]; timeout: number }

export const SUITES: readonly Suite[] = [
  { name: 'unit', files: ['test/unit/**/*.test.ts'], timeout: 20_000 },
  { name: 'contract', files: ['test/contract/**/*.test.ts'], timeout: 60_000 },
  { name: 'fuzz', files: ['test/fuzz/**/*.test.ts'], timeout: 60_000 },
  { name: 'conformance', files: ['test/conformance/**/*.test.ts'], timeout: 180_000 },
  { name: 'e2e', files: ['test/e2e/**/*.test.ts'], timeout: 120_000 },
]
