import { statSync } from 'node:fs'
import { join } from 'node:path'
import { testId, untilState } from './app.ts'
import { launchChromium } from './browsers.ts'
import { start, stopAll } from './processes.ts'
import { removeTemp, tempFolder } from './temp.ts'

/** Makes the README's picture: `npm start` with a new data folder, its link opened in Chromium, at the first LIVE. */
const root = join(import.meta.dirname, '..', '..')
const picture = join(root, 'docs', 'live-view.png')

async function main(): Promise<void> {
  const data = tempFolder('screenshot')
  const args = ['start/with-node.mjs', 'start/src/main.ts', '--data', data, '--name', 'Front door']
  const home = start(process.execPath, args, { cwd: root })
  const chromium = await launchChromium({ viewport: { width: 1280, height: 800 }, scale: 1.5 })
  try {
    const [link] = await home.waitForLine(/http:\/\/127\.0\.0\.1:\d+\/#\S+/, 90_000)
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await page.goto(link)
    await untilState(page, 'live', 30_000)
    await testId(page, 'path').waitFor()
    await page.screenshot({ path: picture })
  } finally {
    await chromium.close()
    await home.stop('SIGINT')
    await stopAll()
    removeTemp(data)
  }
  process.stdout.write(`${picture}: ${Math.round(statSync(picture).size / 1024)} kB\n`)
}

await main()
process.exit()
