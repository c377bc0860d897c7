import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { start } from '../../support/processes.ts'
import { CLIP_FPS, type Clip } from './clip.ts'
import type { Way } from './ways.ts'

const PAGE = join(import.meta.dirname, 'plain-page.html')
const WERIFT = join(import.meta.dirname, 'werift-sender.ts')

export type PlainKind = 'werift' | 'Pion'
export const plainName = (kind: PlainKind, cache: boolean): string =>
  `plain ${kind}, ${cache ? 'with' : 'no'} key-frame cache`

/** A plain sender in a process of its own, and its page. */
export async function openPlain(
  context: BrowserContext,
  sender: { kind: PlainKind; cache: boolean; program?: string; clip: Clip },
): Promise<Way & { close(): Promise<void> }> {
  const { kind, cache, program, clip } = sender
  const command = program ? [program] : [process.execPath, WERIFT]
  const started = start(command[0] ?? '', [
    ...command.slice(1),
    clip.annexB,
    String(CLIP_FPS),
    PAGE,
    ...(cache ? ['cache'] : []),
  ])
  const [, origin = ''] = await started.waitForLine(/^ready (\S+)/)
  const page = await context.newPage()
  await page.goto(origin)
  return {
    name: plainName(kind, cache),
    page,
    tap: () => page.click('#watch'),
    async leave() {
      const stopped = page.waitForResponse(/\/stop$/)
      await page.click('#stop')
      await stopped
    },
    async close() {
      await page.close()
      await started.stop()
    },
  }
}
