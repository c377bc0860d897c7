import { parseArgs } from 'node:util'
import { missing } from '../support/requirements.ts'
import { CAMERAS } from './cameras.ts'
import { type Measured, measure } from './measure.ts'
import { type Cell, faultsOf, renderRows, writePage } from './page.ts'
import { openChromium, openFirefox } from './watchers.ts'

const HELP = `npm run sources: what real cameras send, in Chromium and in Firefox: picture, sound, latency, lip-sync.

  npm run sources                      all of them (some 20 minutes); the table goes to docs/SOURCES.md
  npm run sources -- --only H.265      those whose name has this in it; the table is printed only
  npm run sources -- --browser Firefox in that one only
  npm run sources -- --seconds 20      of each measurement, 12 unless told

Ends with 1 when a picture or a sound is missing, or sound is more than 60 ms from its picture.
`

const BROWSERS = { Chromium: openChromium, Firefox: openFirefox }

process.exit(await main())

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      browser: { type: 'string' },
      seconds: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return say(HELP) ?? 0
  const absent = missing()
  if (absent.length > 0)
    return say(`missing: ${absent.map(each => each.package).join(', ')}; run \`npm run setup\``) ?? 1
  const cameras = CAMERAS.filter(({ name }) => name.includes(values.only ?? ''))
  const cells: Cell[] = []
  for (const [browser, open] of Object.entries(BROWSERS)) {
    if (browser !== (values.browser ?? browser)) continue
    const watcher = await open()
    for (const camera of cameras) {
      const reason = camera.absent?.()
      const result = reason ?? (await attempt(() => measure(camera, watcher, Number(values.seconds ?? 12))))
      const cell: Cell = { camera, browser, result, absent: reason !== undefined }
      cells.push(cell)
      say(renderRows([cell]))
      if (result instanceof Error) await watcher.leave()
    }
    await watcher.close()
  }
  if (values.only === undefined && values.browser === undefined) writePage(cells)
  const faults = cells.flatMap(faultsOf)
  for (const fault of faults) say(fault)
  return faults.length === 0 && cells.length > 0 ? 0 : 1
}

async function attempt(work: () => Promise<Measured>): Promise<Measured | Error> {
  try {
    return await work()
  } catch (error) {
    return error as Error
  }
}

function say(text: string): undefined {
  process.stdout.write(`${text}\n`)
}
