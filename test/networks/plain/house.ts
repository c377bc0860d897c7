import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { LabCa } from '../../netlab/certificate.ts'
import type { Lab } from '../../netlab/lab.ts'
import type { Turn } from '../../netlab/turn.ts'
import { openPage } from '../../support/app.ts'
import { launchChromium } from '../../support/browsers.ts'
import { trustInChromium } from '../../support/private-ca.ts'
import { type Started, start } from '../../support/processes.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'

/** The plain pair in the same lab as the product: its own server process, its camera at the same home, its own viewer. */
export type PlainHouse = {
  readonly page: Page
  /** The page as it is opened first, watching nothing. */
  reopen(): Promise<void>
  close(): Promise<void>
}

const PORT = 9443
/** Longer than any measurement: these credentials are not renewed. */
const CREDENTIALS_S = 6 * 3600

export async function openPlainHouse(
  lab: Lab<'camera' | 'plain'>,
  { ca, turn, source }: { ca: LabCa; turn: Turn; source: unknown },
): Promise<PlainHouse> {
  const host = lab.server.ipv4[0]
  const origin = `https://${host}:${PORT}`
  const servers = JSON.stringify(turn.iceServers({ seconds: CREDENTIALS_S }))
  const home = tempFolder('lab-home')
  const open: { close(): Promise<unknown> }[] = []
  const close = async (): Promise<void> => {
    for (const each of open.reverse()) await each.close()
    removeTemp(home)
  }
  const run = async (prefix: readonly string[], program: string, args: string[]): Promise<Started> => {
    const [command = '', ...before] = prefix
    const file = join(import.meta.dirname, program)
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca.ca }
    const started = start(command, [...before, process.execPath, file, ...args], { env })
    open.push({ close: () => started.stop() })
    await started.waitForLine(/^ready$/)
    return started
  }
  try {
    trustInChromium({ ...ca, args: [] }, home)
    await run(lab.server.prefix, 'server.ts', [host, String(PORT), ca.cert, ca.key, servers])
    await run(lab.homes.camera.prefix, 'camera.ts', [origin, JSON.stringify(source), servers])
    const chromium = await launchChromium({ namespace: lab.homes.plain.namespace, home })
    open.push(chromium)
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    const reopen = async (): Promise<void> => {
      await openPage(page, origin)
      await page.waitForFunction('socket.connected')
    }
    await reopen()
    return { page, reopen, close }
  } catch (error) {
    await close()
    throw error
  }
}
