import type { Page } from 'playwright-core'
import { createLab, type Lab } from '../netlab/lab.ts'
import { openLabHouse } from '../netlab/lab-house.ts'
import { untilState, watch } from '../support/app.ts'
import { watchPicture } from '../support/picture-story.ts'
import { openOnce } from './opening.ts'
import { openPlainHouse, type PlainHouse } from './plain/house.ts'
import { holes, move, openPlain, type Side, type Time } from './plain/measure.ts'
import { machine, table, write } from './report.ts'
import { quantile, seconds } from './statistics.ts'

type PlainLab = Lab<'camera' | 'viewer' | 'plain'>
type Pages = { ours: Page; plain: PlainHouse }
/** What both pairs took, turn by turn. */
export type Pair = {
  name: string
  /** ms within which ours has to be */
  limit: number
  ours: Time[]
  plain: Time[]
}

const SOURCE = { kind: 'test-pattern', width: 640, height: 360, fps: 15 }
const MOVES = 10
const OPENING_RTT_MS = 100
const VIEW_RTT_MS = 50
const PATIENCE_MS = 20_000
/** The agent keeps a source open for five seconds after its last viewer. */
const SOURCE_OPEN_MS = 4000

const say = (ms: Time): string => (ms === undefined ? 'never' : seconds(ms))

function note(pair: Pair, ours: Time, plain: Time): void {
  pair.ours.push(ours)
  pair.plain.push(plain)
  process.stdout.write(`${pair.name}: ${say(ours)}, plain ${say(plain)}\n`)
}

async function setLines(lab: PlainLab, rtt: number, loss = 0): Promise<void> {
  for (const { line } of [lab.homes.viewer, lab.homes.plain]) await line.set({ loss, delay: rtt / 2 })
}

/** Ours and plain by turns, so that neither has the machine's better hour. */
async function openings(lab: PlainLab, { ours, plain }: Pages, loss: number, times: number): Promise<Pair> {
  const name = `opening, ${loss * 100} % loss each way`
  const pair: Pair = { name, limit: 10_000, ours: [], plain: [] }
  await setLines(lab, OPENING_RTT_MS, loss)
  let watchedAt = Number.NEGATIVE_INFINITY
  const open = async (): Promise<Time> => {
    const ms = await openOnce(ours)
    watchedAt = performance.now()
    return ms
  }
  // Not counted: the code has run once.
  await openPlain(plain.page, PATIENCE_MS)
  while (pair.ours.length < times) {
    // Nor this: the plain camera's source is always open, and ours has to be as well.
    if (performance.now() - watchedAt > SOURCE_OPEN_MS) await open()
    note(pair, await open(), await openPlain(plain.page, PATIENCE_MS))
  }
  return pair
}

/** Both pairs with a picture over a line of their own. */
async function watchBoth(lab: PlainLab, { ours, plain }: Pages): Promise<[Side, Side]> {
  await setLines(lab, VIEW_RTT_MS)
  await watch(ours, 'Door')
  await untilState(ours, 'live', 30_000)
  await plain.page.click('#watch')
  await Promise.all([ours, plain.page].map(watchPicture))
  const again = async (): Promise<void> => {
    await plain.reopen()
    await watchPicture(plain.page)
    await plain.page.click('#watch')
  }
  return [
    { page: ours, home: lab.homes.viewer, again: async () => undefined },
    { page: plain.page, home: lab.homes.plain, again },
  ]
}

async function breaks([ours, plain]: [Side, Side], times: number): Promise<Pair[]> {
  const moves: Pair = { name: 'another address of host and box', limit: 1000, ours: [], plain: [] }
  while (moves.ours.length < times) note(moves, await move(ours), await move(plain))
  const hole: Pair = { name: '30 s black hole, from its end', limit: 2000, ours: [], plain: [] }
  while (hole.ours.length < Math.ceil((times * 3) / MOVES)) {
    const [own, other] = await holes([ours, plain])
    note(hole, own, other)
  }
  return [moves, hole]
}

export async function measurePlain(times: number): Promise<Pair[]> {
  const lab = await createLab({ homes: { camera: {}, viewer: {}, plain: {} }, seed: 'plain' })
  try {
    const house = await openLabHouse(lab, { agent: { cameras: [{ name: 'Door', source: SOURCE }] } })
    try {
      const { ca, turn } = house
      const plain = await openPlainHouse(lab, { ca, turn, source: SOURCE })
      try {
        const pages = { ours: house.page, plain }
        const pairs: Pair[] = []
        for (const loss of [0, 0.1]) pairs.push(await openings(lab, pages, loss, 2 * times))
        return [...pairs, ...(await breaks(await watchBoth(lab, pages), times))]
      } finally {
        await plain.close()
      }
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

function figures(times: readonly Time[]): string[] {
  const came = times.filter(each => each !== undefined)
  const never = String(times.length - came.length)
  if (came.length === 0) return ['–', '–', never]
  return [seconds(quantile(came, 0.5)), seconds(Math.max(...came)), never]
}

/** True when one of ours was never there again, or took longer than the row allows. */
export const missed = ({ limit, ours }: Pick<Pair, 'limit' | 'ours'>): boolean =>
  ours.some(ms => ms === undefined || ms > limit)

const HEAD = ['', 'times', 'Ownsight', 'longest', 'never', 'plain pair', 'longest', 'never']

/** So many changes of address, three holes to ten of them and twice as many openings; false where ours missed its target. */
export async function reportPlain(times = MOVES): Promise<boolean> {
  const pairs = await measurePlain(times)
  const rows = pairs.map(({ name, ours, plain }) => [
    name,
    String(ours.length),
    ...figures(ours),
    ...figures(plain),
  ])
  write(
    'plain',
    [
      `${machine()}. Medians; by turns in one run, nothing clicked. "Never": no picture within a minute (20 s where it is opened). Opening at 100 ms round trip, the others at 50.\n`,
      table(HEAD, rows),
    ].join('\n'),
  )
  return !pairs.some(missed)
}
