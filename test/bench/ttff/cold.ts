import { launchChromium } from '../../support/browsers.ts'
import { tempFolder } from '../../support/temp.ts'
import { CLIP_WORDS, writeClip } from './clip.ts'
import { once } from './compare.ts'
import { type Moments, WATCH } from './moments.ts'
import { openOurs } from './ours.ts'
import { phases } from './report.ts'

/** Ours alone, nothing prepared, the camera's source closed before each tap. @returns where the time goes */
export async function measureCold(runs: number): Promise<string> {
  const clip = await writeClip(tempFolder('bench-cold'))
  const chromium = await launchChromium()
  try {
    await chromium.context.addInitScript(WATCH)
    const ours = await openOurs(chromium.context, clip)
    try {
      const [, way] = ours.ways
      const measured: Moments[] = []
      await once(way)
      while (measured.length < runs) {
        await ours.sourceClosed()
        measured.push(await once(way))
      }
      const title = `${runs} taps, ${CLIP_WORDS}; nothing prepared, source closed before each`
      return [title, phases({ name: way.name, runs: measured })].join('\n\n')
    } finally {
      await ours.close()
    }
  } finally {
    await chromium.close()
  }
}
