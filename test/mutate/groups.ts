import { globSync } from 'node:fs'

/** Sources that are mutated together, and the tests that may kill their mutants: quick ones first. */
export type Group = {
  readonly name: string
  /** paths from the root of the tree */
  readonly sources: readonly string[]
  readonly tests: readonly string[]
  /** per test, in ms: a mutant may make it wait for what never comes */
  readonly timeout: number
}

/**
 * The tests of test/conformance/guard that judge the guard by itself, in the order of what they cost. `start` is none of
 * them: it removes pieces of the very text that is rewritten here; the self-test it wants to fail is one of
 * dtls-guard.test.ts. Nor are `peer`, `steering` and `browsers`, where the guard is one part among others.
 */
const guardTests = ['handshake', 'inbound', 'forged-copies', 'rows', 'openssl', 'loss']

/** What `npm run mutate` takes; `root` is the folder of the sources. */
export function groupsOf(root: string): Group[] {
  const find = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort()
  return [
    {
      name: 'protocol',
      sources: find('protocol/src/**/*.ts'),
      tests: [...find('test/unit/protocol/*.test.ts'), 'test/conformance/sdp.test.ts'],
      timeout: 10_000,
    },
    {
      name: 'guard',
      sources: ['camera-agent/src/rtc/dtls-guard.ts', ...find('camera-agent/src/rtc/guard/*.ts')],
      tests: [
        ...find('test/unit/camera-agent/rtc/{guard/*,records,replay-window,dtls-guard}.test.ts'),
        ...guardTests.map(name => `test/conformance/guard/${name}.test.ts`),
      ],
      timeout: 30_000,
    },
  ]
}

/** The groups with only those sources whose path ends so, or is in that folder; none where no source is named so. */
export function onlyFiles(groups: readonly Group[], names: readonly string[]): Group[] {
  if (names.length === 0) return [...groups]
  const named = (source: string): boolean =>
    names.some(name => source === name || source.endsWith(`/${name}`) || source.startsWith(`${name}/`))
  return groups
    .map(group => ({ ...group, sources: group.sources.filter(named) }))
    .filter(group => group.sources.length > 0)
}
