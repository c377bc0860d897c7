import { createLab } from '../../netlab/lab.ts'
import { openLabHouse } from '../../netlab/lab-house.ts'
import { tempFolder } from '../../support/temp.ts'
import { columns, spread } from '../table.ts'
import { writeClip } from './clip.ts'
import { once } from './compare.ts'
import { type Moments, WATCH } from './moments.ts'
import { openWays } from './ours.ts'

/** ms */
const RTTS = [0, 50, 150] as const
/** Round trips that CONFIRM may cost beyond DTLS: the camera begins SCTP, which takes one and a half of the two. */
const LIMIT = 2.2

export type ConfirmCost = { rtt: number; prepared: Moments[]; unprepared: Moments[] }

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
      const [prepared, unprepared] = await openWays(house.page, house.signaling.origin, house.agent)
      for (const way of [prepared, unprepared]) await once(way)
      const costs: ConfirmCost[] = []
      for (const rtt of RTTS) {
        await lab.homes.viewer.line.set({ delay: rtt / 2 })
        const cost: ConfirmCost = { rtt, prepared: [], unprepared: [] }
        costs.push(cost)
        while (cost.prepared.length < runs) {
          cost.prepared.push(await once(prepared))
          cost.unprepared.push(await once(unprepared))
        }
        say(`CONFIRM at ${rtt} ms`)
      }
      return costs
    } finally {
      await house.close()
    }
  } finally {
    await lab.close()
  }
}

export function reportConfirm(costs: readonly ConfirmCost[]): string {
  const head = [
    'ms round trip',
    'SCTP',
    'CONFIRM',
    'both',
    'round trips',
    '',
    'tap to first frame',
    'prepared',
  ]
  const rows = costs.map(({ rtt, prepared, unprepared }) => {
    const median = (runs: readonly Moments[], from: string, to: string): number =>
      spread(runs.map(run => (run[to] ?? Number.NaN) - (run[from] ?? Number.NaN))).median
    const both = median(unprepared, 'dtls', 'ownsight:live')
    const trips = both / rtt
    return [
      String(rtt),
      median(unprepared, 'dtls', 'ownsight:confirming').toFixed(1),
      median(unprepared, 'ownsight:confirming', 'ownsight:live').toFixed(1),
      both.toFixed(1),
      rtt === 0 ? '-' : trips.toFixed(2),
      rtt === 0 ? '' : `at most ${LIMIT}: ${trips <= LIMIT ? 'held' : 'MISSED'}`,
      median(unprepared, 'tap', 'painted').toFixed(1),
      median(prepared, 'tap', 'painted').toFixed(1),
    ]
  })
  return [
    `what CONFIRM costs beyond DTLS, medians of ${costs[0]?.unprepared.length ?? 0} sessions over a line with delay`,
    columns([head, ...rows]),
  ].join('\n\n')
}
