import fc from 'fast-check'
import type { Event } from './deliver.ts'
import type { Crash } from './disk.ts'
import type { Forgery, Mutation } from './insider.ts'

/** One step of a run, as data. Numbers choose among what there is, mostly counted from the newest, and wrap. */
export type Command = Scheduling | Attacking | Household | Fate

export type Scheduling = { of: 'server' } & (
  | { c: 'through' }
  | { c: 'serve'; ask: number }
  | { c: 'hint'; ask: number }
  | { c: 'reply'; ask: number; pick: number; any: boolean; mutation?: Mutation | undefined }
  | { c: 'feed'; cam: number; event: Event; pick: number; any: boolean; mutation?: Mutation | undefined }
  | { c: 'dtls'; camera: number; viewer: number }
)
export type Attacking = { of: 'insider' } & (
  | { c: 'intrude'; end: number; pick: number; confirm: boolean }
  | { c: 'forge'; forgery: Forgery }
  | { c: 'forge-policy'; cam: number; key: number; borrowed: boolean; ahead: number; root: boolean }
  | { c: 'splice'; victim: number; cam: number; resign: boolean }
  | { c: 'call'; cam: number; again: boolean }
  | { c: 'attack-pairing' | 'attack-join' }
  | { c: 'feed-join'; pick: number; any: boolean; mutation?: Mutation | undefined }
)
export type Household = { of: 'people' } & (
  | { c: 'watch'; viewer: number; cam: number }
  | { c: 'leave'; attempt: number }
  | { c: 'change'; admin: number; cam: number; change: Change; whom: number; eager: boolean }
  | { c: 'refresh'; admin: number; cam: number }
  | { c: 'recover'; admin: number; cam: number; ahead: number }
  | { c: 'release'; admin: number; cam: number }
  | { c: 'redeem'; who: number; cam: number; invite: number }
  | { c: 'pair' | 'join'; admin: number }
)
export type Fate = { of: 'fate' } & (
  | { c: 'boot' | 'kill' | 'reset'; cam: number }
  | { c: 'crash'; cam: number; when: Crash }
  | { c: 'skew'; cam: number; years: number }
  | { c: 'pass'; s: number }
)
export type Change = 'admit' | 'remove' | 'look-only' | 'guest' | 'private' | 'public' | 'invite' | 'let-in'

const few = fc.nat({ max: 3 })
/** Most happens at one camera, so that more of it comes together. */
const cam = fc.constantFrom(0, 0, 0, 1, 1, 2, 3)
const some = fc.nat({ max: 9 })
const which = fc.nat({ max: 2 })
const seldom = fc.integer({ min: 0, max: 9 }).map(n => n === 0)
const typ = fc.constantFrom(
  ...['os1-offer', 'os1-answer', 'os1-refuse', 'os1-policy', 'os1-ack', 'os1-beacon', 'os1-confirm'],
  ...['os1-pair1', 'os1-pair2', 'os1-pair3', 'os1-pair4', 'os1-read', 'os1-status'],
  ...['os1-redeem', 'os1-redeemed', 'os1-release', 'os1-released', 'os1-join1', 'os1-join2', 'os1-join4'],
)
const member = fc.constantFrom(
  ...['iss', 'aud', 'sid', 'oh', 'win', 'sdp', 'th', 'n', 'ph', 'prev', 'root', 'cam', 'h1', 'h12', 'h123'],
  ...['admin', 'view', 'inv', 'own', 'no', 'policy', 'ack', 'signer'],
)

const is = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ how: is('flip'), at: fc.nat(10_000), to: fc.constantFrom('A', 'w', '4', '.', '"') }),
  fc.record({ how: is('typ'), typ }),
  fc.record({ how: is('splice'), pick: some }),
  fc.record({ how: is('malleate') }),
)
/** Mostly as it was sent. */
const perhaps = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: mutation })

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

type Weighted<T> = fc.WeightedArbitrary<T>
const of = <O extends string, T extends object>(
  name: O,
  weight: number,
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
): Weighted<T & { of: O }> => ({
  weight,
  arbitrary: fc.record({ of: is(name), ...model }) as unknown as fc.Arbitrary<T & { of: O }>,
})

const events: Event[] = ['offer', 'offer', 'policy', 'policy', 'pair', 'read', 'redeem', 'release']
const server: Weighted<Command>[] = [
  of('server', 8, { c: is('through') }),
  of('server', 6, { c: is('serve'), ask: few }),
  of('server', 1, { c: is('hint'), ask: few }),
  of('server', 4, { c: is('reply'), ask: few, pick: some, any: seldom, mutation: perhaps }),
  of('server', 6, {
    c: is('feed'),
    cam,
    event: fc.constantFrom(...events),
    pick: some,
    any: seldom,
    mutation: perhaps,
  }),
  of('server', 4, { c: is('dtls'), camera: few, viewer: few }),
]

const insider: Weighted<Command>[] = [
  of('insider', 3, { c: is('intrude'), end: few, pick: few, confirm: fc.boolean() }),
  of('insider', 4, { c: is('forge'), forgery }),
  of('insider', 2, {
    c: is('forge-policy'),
    cam,
    key: few,
    borrowed: fc.boolean(),
    ahead: fc.constantFrom(1, 1, 2, 2 ** 20, 0),
    root: fc.boolean(),
  }),
  of('insider', 2, { c: is('splice'), victim: few, cam, resign: fc.boolean() }),
  of('insider', 2, { c: is('call'), cam, again: fc.boolean() }),
  of('insider', 1, { c: is('attack-pairing') }),
  of('insider', 1, { c: is('attack-join') }),
  of('insider', 1, { c: is('feed-join'), pick: some, any: seldom, mutation: perhaps }),
]

const changes: Change[] = ['admit', 'remove', 'remove', 'look-only', 'guest', 'private', 'public']
const people: Weighted<Command>[] = [
  of('people', 12, { c: is('watch'), viewer: fc.constantFrom(0, 0, 1, 2, 3, 3, 4, 5), cam }),
  of('people', 1, { c: is('leave'), attempt: few }),
  of('people', 8, {
    c: is('change'),
    admin: which,
    cam,
    change: fc.constantFrom<Change>(...changes, 'invite', 'let-in', 'let-in'),
    whom: fc.nat({ max: 7 }),
    eager: fc.boolean(),
  }),
  of('people', 3, { c: is('refresh'), admin: which, cam }),
  of('people', 1, { c: is('recover'), admin: which, cam, ahead: fc.constantFrom(1, 2, 16, 2 ** 20) }),
  of('people', 1, { c: is('release'), admin: which, cam }),
  of('people', 3, { c: is('redeem'), who: which, cam, invite: few }),
  of('people', 2, { c: is('pair'), admin: which }),
  of('people', 1, { c: is('join'), admin: which }),
]

const fate: Weighted<Command>[] = [
  of('fate', 3, { c: is('boot'), cam }),
  of('fate', 1, { c: is('kill'), cam }),
  of('fate', 2, { c: is('crash'), cam, when: fc.constantFrom<Crash>('before', 'after', 'full') }),
  of('fate', 1, { c: is('reset'), cam }),
  of('fate', 3, { c: is('skew'), cam, years: fc.constantFrom(-10, 10, 0) }),
  of('fate', 4, { c: is('pass'), s: fc.constantFrom(1, 5, 20, 700, 1300, 100_000, 100_000) }),
]

export const command: fc.Arbitrary<Command> = fc.oneof(...server, ...insider, ...people, ...fate)
