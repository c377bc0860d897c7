import { setTimeout as sleep } from 'node:timers/promises'
import { launchChromium } from '../../support/browsers.ts'
import { tempFolder } from '../../support/temp.ts'
import { writeClip } from './clip.ts'
import { forget, untilPainted, WATCH } from './moments.ts'
import { openOurs } from './ours.ts'
import { buildPion, NoPion } from './pion.ts'
import { openPlain } from './plain.ts'
import type { Measured, Way } from './ways.ts'

export type Comparison = { readonly measured: readonly Measured[]; readonly noPion: string | undefined }

/** Each way once, and again, so that none has the machine's better hour. */
export async function compare(runs: number, say: (line: string) => void): Promise<Comparison> {
  const folder = tempFolder('bench-ttff')
  const clip = await writeClip(folder)
  say('the clip is coded; building the Pion sender …')
  const pion = await buildPion(folder).catch((error: unknown) => {
    if (error instanceof NoPion) return error
    throw error
  })
  const noPion = typeof pion === 'string' ? undefined : pion.message
  if (noPion) say(`Pion is not measured: ${noPion}`)
  const chromium = await launchChromium({ prepares: true })
  const open: { close(): Promise<unknown> }[] = [chromium]
  try {
    await chromium.context.addInitScript(WATCH)
    const ours = await openOurs(chromium.context, clip)
    open.push(ours)
    const ways: Way[] = [...ours.ways]
    for (const cache of [true, false]) {
      const kinds = typeof pion === 'string' ? (['werift', 'Pion'] as const) : (['werift'] as const)
      for (const kind of kinds) {
        const program = kind === 'Pion' && typeof pion === 'string' ? { program: pion } : {}
        const plain = await openPlain(chromium.context, { kind, cache, clip, ...program })
        open.push(plain)
        ways.push(plain)
      }
    }
    return { measured: await alternate(ways, runs, say), noPion }
  } finally {
    for (const each of open.reverse()) await each.close()
  }
}

async function alternate(
  ways: readonly Way[],
  runs: number,
  say: (line: string) => void,
): Promise<Measured[]> {
  const measured = ways.map(({ name }) => ({ name, runs: [] as Measured['runs'] }))
  // Not counted: the code has run once, and the source is open.
  for (const way of ways) await once(way)
  for (let round = 1; round <= runs; round++) {
    for (const [i, way] of ways.entries()) measured[i]?.runs.push(await once(way))
    say(`round ${round} of ${runs}`)
  }
  return measured
}

/** One tap at a random moment between two key frames, with its page in front. */
export async function once(way: Way): Promise<Measured['runs'][number]> {
  await way.page.bringToFront()
  await forget(way.page)
  await sleep(200 + Math.random() * 1000)
  await way.tap()
  const moments = await untilPainted(way.page, way.name)
  await way.leave()
  return moments
}
