import { createLab } from '../../netlab/lab.ts'
import { openLabHouse } from '../../netlab/lab-house.ts'
import { tempFolder } from '../../support/temp.ts'
import { columns, spread } from '../table.ts'
import { writeClip } from './clip.ts'
import { once } from './compare.ts'
import { forget, type Moments, roundTrip, untilHeld, WATCH } from './moments.ts'
import { type OurWays, openWays } from './ours.ts'

/** What the line adds to a round trip, ms. */
const DELAYS = [0, 50, 150] as const
/** Round trips that CONFIRM may cost beyond DTLS: the camera begins SCTP, which takes one and a half of the two. */
const LIMIT = 2.2

/** Sessions at one delay: those that waited, from their opening and from their tap, and those made by a tap. */
export type ConfirmCost = {
  delay: number
  /** as ICE measured it in each session that waited */
  rtts: number[]
  held: Moments[]
  prepared: Moments[]
  unprepared: Moments[]
}

/**
 * What a session pays for CONFIRM, over lines of the lab with a delay: without it the picture could leave the camera when
 * DTLS is done, which is when the browser says `connected`. Needs root.
 */
export async function measureConfirm(runs: number, say: (line: string) => void): Promise<ConfirmCost[]> {
  const clip = await writeClip(tempFolder('bench-confirm'))
  // Without NAT, and so without servers: they would only add to what is not measured here.
  const lab = await createLab({
    homes: { camera: { nat: 'open' }, viewer: { nat: 'open' } },
    seed: 'confirm',
  })
  try {
    const house = await openLabHouse(lab, {
      signaling: () => [],
      chromium: { prepares: true },
      agent: { cameras: [{ name: 'Door', source: { kind: 'file', path: clip.matroska } }] },
    })
    try {
      await house.chromium.context.addInitScript(WATCH)
      const ways = await openWays(house.page, house.signaling.origin, house.agent)
      for (const way of ways) await once(way)
      const costs: ConfirmCost[] = []
      for (const delay of DELAYS) {
        await lab.homes.viewer.line.set({ delay: delay / 2 })
        costs.push(await atDelay(delay, runs, ways))
        say(`CONFIRM at ${delay} ms`)
      }
      return costs
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

async function atDelay(delay: number, runs: number, [prepared, unprepared]: OurWays): Promise<ConfirmCost> {
  const cost: ConfirmCost = { delay, rtts: [], held: [], prepared: [], unprepared: [] }
  // Not counted: the session that waits was made before the line had its delay.
  await once(prepared)
  while (cost.held.length < runs) {
    cost.unprepared.push(await once(unprepared))
    cost.prepared.push(await once(prepared))
    await forget(prepared.page)
    cost.held.push(await untilHeld(prepared.page))
    cost.rtts.push(await roundTrip(prepared.page))
  }
  return cost
}

export function reportConfirm(costs: readonly ConfirmCost[]): string {
  const head = [
    'ms of delay',
    'round trip',
    'SCTP',
    'CONFIRM',
    'both',
    'round trips',
    '',
    'with the line in the log',
    'first frame, unprepared',
    'prepared',
  ]
  const rows = costs.map(({ delay, rtts, held, prepared, unprepared }) => {
    const median = (runs: readonly Moments[], from: string, to: string): number =>
      spread(runs.map(run => (run[to] ?? Number.NaN) - (run[from] ?? Number.NaN))).median
    const both = median(held, 'dtls', 'ownsight:live')
    const rtt = spread(rtts).median
    const trips = both / rtt
    return [
      String(delay),
      rtt.toFixed(1),
      median(held, 'dtls', 'ownsight:confirming').toFixed(1),
      median(held, 'ownsight:confirming', 'ownsight:live').toFixed(1),
      both.toFixed(1),
      delay === 0 ? '-' : trips.toFixed(2),
      delay === 0 ? '' : `at most ${LIMIT}: ${trips <= LIMIT ? 'held' : 'MISSED'}`,
      median(unprepared, 'dtls', 'ownsight:live').toFixed(1),
      median(unprepared, 'tap', 'painted').toFixed(1),
      median(prepared, 'tap', 'painted').toFixed(1),
    ]
  })
  return [
    `what CONFIRM costs beyond DTLS, over a line with delay: medians of ${costs[0]?.held.length ?? 0} sessions that wait (they have no line in the camera's log yet), and of as many that a tap makes; the round trip as ICE measures it`,
    columns([head, ...rows]),
  ].join('\n\n')
}
