import type { Visit } from './messages.ts'

/** What goes wrong, or is changed, while others look. All of it is over by the next moment, but a grant that expires. */
export type Mishap =
  | { is: 'crash' }
  | { is: 'outage' }
  | { is: 'kill'; process: number }
  /** their media processes are started together */
  | { is: 'swap'; cameras: readonly [number, number] }
  | { is: 'hang' }
  | { is: 'remove' | 'mute' | 'expire'; camera: number; person: number }
  | { is: 'private'; camera: number }
export type Moment = {
  /** seconds from the beginning */
  readonly at: number
  readonly visits: readonly Visit[]
  readonly mishap?: Mishap
  /** ms after the first of its visits */
  readonly when: number
  /** afterwards everything is let come to rest, and looked at */
  readonly rest: boolean
}
export type Plan = { readonly moments: readonly Moment[]; readonly seconds: number }

type Home = {
  cameras: number
  people: number
  processes: number
  /** cameras with a sound, and those of them whose sound is G.711 */
  heard: readonly number[]
  plain: readonly number[]
}
type Wish = { visits: number; hours: number; rests: number; random: () => number }

/** Visits at one moment: more where there are many, or the day takes two. */
const TOGETHER = { few: 6, many: 8, from: 1000 }
const MISHAPS = 0.35
/** Visits that end before they begin. */
const RUDE = 0.08
/** A server that does not answer for so long that everybody comes back costs twenty seconds of real time. */
const HANGS = 3

/** What a busy home does in so many hours: by day more than by night, and never the same at once. */
export function planHours(home: Home, wish: Wish): Plan {
  const { random } = wish
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const any = (count: number): number => Math.floor(random() * count)
  const groups: Visit[][] = []
  for (let left = wish.visits; left > 0; ) {
    const size = Math.min(left, 1 + any(wish.visits < TOGETHER.from ? TOGETHER.few : TOGETHER.many))
    const first = any(home.people)
    groups.push(
      Array.from({ length: size }, (_, i) => visitOf(home, (first + i) % home.people, { random, pick, any })),
    )
    left -= size
  }
  const seconds = wish.hours * 3600
  const next = mishapsOf(home, { random, pick, any })
  const times = groups.map(() => dayTime(random) * seconds).sort((one, other) => one - other)
  const every = groups.length / wish.rests
  const hangs = wish.hours >= HANGS * 2 ? HANGS : 0
  const moments = groups.map((visits, i): Moment => {
    const rest = Math.floor((i + 1) / every) > Math.floor(i / every)
    const hang = hangs > 0 && i % Math.floor(groups.length / hangs) === Math.floor(groups.length / hangs / 2)
    const mishap = hang ? { is: 'hang' as const } : random() < MISHAPS ? next() : undefined
    return {
      at: times[i] ?? 0,
      visits,
      ...(mishap ? { mishap } : {}),
      when: 100 + any(1500),
      rest,
    }
  })
  return { moments, seconds }
}

type Chance = { random: () => number; pick: <T>(from: readonly T[]) => T; any: (count: number) => number }

/** One person opens no more at once than a camera lets them. */
function visitOf(home: Home, person: number, { random, pick, any }: Chance): Visit {
  const camera = any(home.cameras)
  const listens = random() < (home.heard.includes(camera) ? 0.6 : 0.2)
  const drawn = random() < 0.4
  return {
    person,
    camera,
    codec: random() < 0.35 ? 'vp8' : 'h264',
    ...(listens ? { sound: home.plain.includes(camera) ? pick(['opus', 'pcmu'] as const) : 'opus' } : {}),
    ...(drawn ? { height: pick([90, 120, 360, 720]) } : {}),
    ...(random() < 0.2 ? { hold: true } : {}),
    frames: 3 + any(10),
    leave: random() < RUDE ? pick(['cancelled', 'absent']) : random() < 0.25 ? 'closed' : 'bye',
  }
}

/** Every kind of them, the crossed pipes first, before any comes again. */
function mishapsOf(home: Home, { pick, any, random }: Chance): () => Mishap {
  const swap = (): Mishap => {
    // Not the first: there somebody watches all the time.
    const one = any(home.cameras - 1)
    const other = (one + 1 + any(home.cameras - 2)) % (home.cameras - 1)
    return { is: 'swap', cameras: [1 + one, 1 + other] }
  }
  const whom = () => ({ camera: any(home.cameras), person: any(home.people) })
  const kinds: readonly (() => Mishap)[] = [
    () => ({ is: 'crash' }),
    () => ({ is: 'outage' }),
    () => ({ is: 'kill', process: any(home.processes) }),
    () => ({ is: pick(['remove', 'mute']), ...whom() }),
    () => ({ is: 'expire', ...whom() }),
    () => ({ is: 'private', camera: any(home.cameras) }),
  ]
  let deck: (() => Mishap)[] = []
  return () => {
    if (deck.length === 0) deck = [...kinds.toSorted(() => random() - 0.5), swap]
    return (deck.pop() ?? swap)()
  }
}

/** From 0 to 1: of the day, whose first quarter is its night. */
const dayTime = (random: () => number): number => (random() < 0.1 ? random() * 0.25 : 0.25 + random() * 0.75)
