import { classifyNat, kindOf } from './classify.ts'
import { createLab, type Lab } from './lab.ts'
import { bursty, type LinkSettings } from './link-settings.ts'
import { measure } from './measure.ts'
import type { Received } from './meter.ts'
import { NAT_KINDS } from './nat.ts'
import type { Direction } from './wire.ts'

/** Is the lab what it says? Each row sends packets through a line, or asks a box, and holds what it found to bounds. */
export type Verdict = {
  readonly name: string
  readonly found: string
  readonly wanted: string
  readonly ok: boolean
}

type Stream = { direction: Direction; count: number; size: number; perSecond: number }
type Bound = { what: string; of: (received: Received) => number; low: number; high: number; unit: string }
export type LineRow = { name: string; link: Partial<LinkSettings>; stream: Stream; bounds: Bound[] }

const COUNT = 6000
const quick: Stream = { direction: 'up', count: COUNT, size: 500, perSecond: 1500 }

const lost = (low: number, high: number): Bound => ({
  what: 'lost',
  of: ({ packets }) => (100 * (COUNT - packets)) / COUNT,
  low,
  high,
  unit: '%',
})
const burst = (low: number, high: number): Bound => ({
  what: 'in a row',
  of: received => received.meanBurst,
  low,
  high,
  unit: 'packets',
})
const median = (low: number, high: number): Bound => ({
  what: 'median delay',
  of: received => received.delay.p50,
  low,
  high,
  unit: 'ms',
})
const rate = (low: number, high: number): Bound => ({
  what: 'rate',
  of: received => received.kbit,
  low,
  high,
  unit: 'kbit/s',
})
const share = (what: 'duplicates' | 'reordered', low: number, high: number): Bound => ({
  what,
  of: received => (100 * received[what]) / COUNT,
  low,
  high,
  unit: '%',
})

/**
 * Upper bounds of delays and losses leave room for a machine that does other work. Shares are four standard
 * deviations wide, and the same seed gives the same losses.
 */
export const LINE_ROWS: readonly LineRow[] = [
  { name: 'nothing set', link: {}, stream: quick, bounds: [lost(0, 0.5), median(0, 5)] },
  { name: 'delay 50 ms', link: { delay: 50 }, stream: quick, bounds: [lost(0, 0.5), median(50, 55)] },
  {
    name: 'delay 50 ms, down',
    link: { delay: 50 },
    stream: { ...quick, direction: 'down' },
    bounds: [lost(0, 0.5), median(50, 55)],
  },
  { name: 'loss 5 %', link: { loss: 0.05 }, stream: quick, bounds: [lost(3.9, 6.1), burst(1, 1.2)] },
  {
    name: 'loss 5 % in bursts of 4',
    link: { burst: bursty(0.05, 4) },
    stream: quick,
    bounds: [lost(2.7, 7.3), burst(3, 5)],
  },
  {
    name: 'jitter up to 30 ms, overtaking, twice 2 %',
    link: { delay: 20, jitter: 30, overtake: true, duplicate: 0.02 },
    stream: quick,
    bounds: [median(34, 40), share('duplicates', 1.3, 2.8), share('reordered', 30, 100)],
  },
  {
    name: 'reorder 1 %',
    link: { reorder: 0.01 },
    stream: quick,
    bounds: [lost(0, 0.5), share('reordered', 0.5, 1.6)],
  },
  {
    name: '1 Mbit/s, queue 30 kB, offered 1.6',
    link: { rate: 1000, queue: 30_000, delay: 30 },
    stream: { direction: 'up', count: COUNT, size: 250, perSecond: 800 },
    bounds: [rate(970, 1010), median(262, 280)],
  },
  {
    name: '300 kbit/s, queue of 300 ms',
    link: { rate: 300 },
    stream: { direction: 'up', count: COUNT, size: 100, perSecond: 600 },
    bounds: [rate(291, 303), median(290, 312)],
  },
]

export async function verifyLine(lab: Lab, row: LineRow): Promise<Verdict[]> {
  const home = Object.values(lab.homes)[0]!
  await home.line.set(row.link)
  const received = await measure(lab, home, row.stream)
  return row.bounds.map(({ what, of, low, high, unit }) => ({
    name: `${row.name}: ${what}`,
    found: `${of(received).toFixed(2)} ${unit}`,
    wanted: low === high ? String(low) : `${low} to ${high}`,
    ok: of(received) >= low && of(received) <= high,
  }))
}

/** A lab for one row; the home lets strangers in, so that packets can be sent to it. */
export const lineLab = (): Promise<Lab> => createLab({ homes: { home: { nat: 'open' } }, seed: 'verify' })

export async function verifyNats(): Promise<Verdict[]> {
  const homes = Object.fromEntries(NAT_KINDS.map(nat => [nat, { nat }]))
  const lab = await createLab({ homes })
  try {
    return await Promise.all(
      NAT_KINDS.map(async (nat, index) => {
        const report = await classifyNat(lab, lab.homes[nat]!, {
          ports: [3500 + 2 * index, 3501 + 2 * index],
        })
        const found = kindOf(report, lab.homes[nat]!.addresses()) ?? 'none of ours'
        const detail = `mapping ${report.mapping}, filtering ${report.filtering}`
        return { name: `NAT ${nat}: ${detail}`, found, wanted: nat, ok: found === nat }
      }),
    )
  } finally {
    await lab.close()
  }
}

/** @param say told each verdict as it falls */
export async function verifyAll(say: (verdict: Verdict) => void): Promise<boolean> {
  const verdicts = await verifyNats()
  verdicts.forEach(say)
  for (const row of LINE_ROWS) {
    const lab = await lineLab()
    try {
      const more = await verifyLine(lab, row)
      more.forEach(say)
      verdicts.push(...more)
    } finally {
      await lab.close()
    }
  }
  return verdicts.every(verdict => verdict.ok)
}
