import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { type Browser, launch } from 'puppeteer-core'

/** A real Chromium with a profile of its own. `namespace` runs it inside that network namespace. */
export type Chromium = { readonly context: BrowserContext; close(): Promise<void> }

export type ChromiumOptions = {
  args?: string[]
  namespace?: string
  /** kept after close; a fresh folder otherwise */
  profile?: string
  viewport?: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
  ignoreHTTPSErrors?: boolean
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

export async function launchChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  const folder = mkdtempSync(join(tmpdir(), 'ownsight-chromium-'))
  const profile = options.profile ?? join(folder, 'profile')
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: options.namespace ? wrapper(folder, options.namespace) : '/usr/bin/chromium',
    headless: true,
    args: [...ARGS, ...(options.args ?? [])],
    viewport: options.viewport ?? { width: 390, height: 844 },
    colorScheme: options.colorScheme ?? 'light',
    ignoreHTTPSErrors: options.ignoreHTTPSErrors ?? false,
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A program for playwright to start: its control pipe crosses the namespace, its traffic does not leave it. */
function wrapper(folder: string, namespace: string): string {
  const path = join(folder, 'chromium')
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

/** A real Firefox ESR over WebDriver BiDi. */
export async function launchFirefox(): Promise<{ browser: Browser; close(): Promise<void> }> {
  const browser = await launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      'media.peerconnection.ice.loopback': true,
      'media.gmp-manager.updateEnabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
    },
  })
  return { browser, close: () => browser.close() }
}
