import fc from 'fast-check'
import type { Event } from './deliver.ts'
import type { Crash } from './disk.ts'
import type { Forgery, Mutation } from './insider.ts'

/** One step of a run, as data: numbers count from the newest, and wrap. */
export type Command =
  | { c: 'through' }
  | { c: 'serve'; ask: number }
  | { c: 'hint'; ask: number }
  | { c: 'reply'; ask: number; pick: number; any: boolean; mutation?: Mutation }
  | { c: 'feed'; cam: number; event: Event; pick: number; any: boolean; mutation?: Mutation }
  | { c: 'dtls'; camera: number; viewer: number }
  | { c: 'intrude'; end: number; pick: number; confirm: boolean }
  | { c: 'forge'; forgery: Forgery }
  | { c: 'forge-policy'; cam: number; key: number; borrowed: boolean; ahead: number; root: boolean }
  | { c: 'splice'; ask: number; cam: number; own: boolean }
  | { c: 'watch'; viewer: number; cam: number }
  | { c: 'leave'; attempt: number }
  | { c: 'change'; admin: number; cam: number; change: Change; whom: number }
  | { c: 'refresh'; admin: number; cam: number }
  | { c: 'pair'; admin: number }
  | { c: 'boot'; cam: number }
  | { c: 'kill'; cam: number }
  | { c: 'crash'; cam: number; when: Crash }
  | { c: 'reset'; cam: number }
  | { c: 'skew'; cam: number; years: number }
  | { c: 'pass'; s: number }
export type Change = 'admit' | 'remove' | 'look-only' | 'guest' | 'private' | 'public' | 'add-admin'

const few = fc.nat({ max: 3 })
const some = fc.nat({ max: 9 })
const seldom = fc.integer({ min: 0, max: 9 }).map(n => n === 0)
const typ = fc.constantFrom(
  ...['os1-offer', 'os1-answer', 'os1-refuse', 'os1-policy', 'os1-ack', 'os1-beacon', 'os1-confirm'],
  ...['os1-pair1', 'os1-pair2', 'os1-pair3', 'os1-pair4', 'os1-read', 'os1-status'],
)
const member = fc.constantFrom(
  'iss',
  'aud',
  'sid',
  'oh',
  'win',
  'sdp',
  'th',
  'n',
  'ph',
  'prev',
  'root',
  'cam',
  'h1',
  'h12',
  'h123',
)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    how: fc.constant('flip' as const),
    at: fc.nat(10_000),
    to: fc.constantFrom('A', 'w', '4', '.', '"'),
  }),
  fc.record({ how: fc.constant('typ' as const), typ }),
  fc.record({ how: fc.constant('splice' as const), pick: some }),
  fc.constant<Mutation>({ how: 'malleate' }),
)
/** Mostly as it was sent. */
const perhaps = fc.option(mutation, { freq: 3, nil: undefined })
const withMutation = <T extends object>(one: fc.Arbitrary<T>): fc.Arbitrary<T & { mutation?: Mutation }> =>
  fc.tuple(one, perhaps).map(([rest, m]) => (m ? { ...rest, mutation: m } : rest))

const c = <K extends Command['c']>(name: K): fc.Arbitrary<K> => fc.constant(name)

const forgery: fc.Arbitrary<Forgery> = fc.record({
  typ,
  pick: some,
  key: few,
  borrowed: seldom,
  aud: fc.option(few, { nil: undefined }),
  fresh: fc.boolean(),
  ownCertificate: fc.boolean(),
  members: fc.array(fc.record({ name: member, pick: some }), { maxLength: 2 }),
})

const server: fc.WeightedArbitrary<Command>[] = [
  { weight: 8, arbitrary: fc.record({ c: c('through') }) },
  { weight: 6, arbitrary: fc.record({ c: c('serve'), ask: few }) },
  { weight: 1, arbitrary: fc.record({ c: c('hint'), ask: few }) },
  { weight: 4, arbitrary: withMutation(fc.record({ c: c('reply'), ask: few, pick: some, any: seldom })) },
  {
    weight: 6,
    arbitrary: withMutation(
      fc.record({
        c: c('feed'),
        cam: few,
        event: fc.constantFrom<Event>('offer', 'offer', 'policy', 'policy', 'pair', 'read'),
        pick: some,
        any: seldom,
      }),
    ),
  },
  { weight: 4, arbitrary: fc.record({ c: c('dtls'), camera: few, viewer: few }) },
]

const insider: fc.WeightedArbitrary<Command>[] = [
  { weight: 3, arbitrary: fc.record({ c: c('intrude'), end: few, pick: few, confirm: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ c: c('forge'), forgery }) },
  {
    weight: 2,
    arbitrary: fc.record({
      c: c('forge-policy'),
      cam: few,
      key: few,
      borrowed: fc.boolean(),
      ahead: fc.constantFrom(1, 1, 2, 2 ** 20, 0),
      root: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ c: c('splice'), ask: few, cam: few, own: fc.boolean() }) },
]

const people: fc.WeightedArbitrary<Command>[] = [
  { weight: 12, arbitrary: fc.record({ c: c('watch'), viewer: few, cam: few }) },
  { weight: 1, arbitrary: fc.record({ c: c('leave'), attempt: few }) },
  {
    weight: 6,
    arbitrary: fc.record({
      c: c('change'),
      admin: fc.nat({ max: 2 }),
      cam: few,
      change: fc.constantFrom<Change>(
        'admit',
        'remove',
        'remove',
        'look-only',
        'guest',
        'private',
        'public',
        'add-admin',
      ),
      whom: fc.nat({ max: 7 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ c: c('refresh'), admin: fc.nat({ max: 2 }), cam: few }) },
  { weight: 2, arbitrary: fc.record({ c: c('pair'), admin: fc.nat({ max: 2 }) }) },
]

const fate: fc.WeightedArbitrary<Command>[] = [
  { weight: 3, arbitrary: fc.record({ c: c('boot'), cam: few }) },
  { weight: 1, arbitrary: fc.record({ c: c('kill'), cam: few }) },
  {
    weight: 2,
    arbitrary: fc.record({
      c: c('crash'),
      cam: few,
      when: fc.constantFrom<Crash>('before', 'after', 'full'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ c: c('reset'), cam: few }) },
  { weight: 1, arbitrary: fc.record({ c: c('skew'), cam: few, years: fc.constantFrom(-10, 10, 0) }) },
  { weight: 3, arbitrary: fc.record({ c: c('pass'), s: fc.constantFrom(1, 5, 20, 700, 1300, 100_000) }) },
]

export const command: fc.Arbitrary<Command> = fc.oneof(...server, ...insider, ...people, ...fate)
