import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Browser as PlaywrightBrowser } from 'playwright-core'
import puppeteer, { type Browser } from 'puppeteer-core'
import { removeTemp, tempFolder } from './temp.ts'
import { until } from './wait.ts'

export type ChromiumOptions = {
  args?: string[]
  /** kept after `close`; without it, a new one that goes with the browser */
  profile?: string
  /** full name of the network namespace to run in */
  namespace?: string
  viewport?: { width: number; height: number }
  /** device pixels per CSS pixel */
  scale?: number
  colorScheme?: 'light' | 'dark'
  ignoreHTTPSErrors?: boolean
  /** Tiles in view have their session ready, as for anybody; without it the browser is one that saves data. */
  prepares?: boolean
  /** home folder, where Chromium looks for the authorities a person has installed */
  home?: string
}

export type FirefoxOptions = {
  args?: string[]
  profile?: string
  prefs?: Record<string, unknown>
  /** beside this process's own */
  env?: Record<string, string>
}

export type Chromium = { readonly context: BrowserContext; readonly profile: string; close(): Promise<void> }
export type Firefox = { readonly browser: Browser; readonly profile: string; close(): Promise<void> }

/** Nothing of its own on the network, no QUIC, no first-run pages; root has no sandbox of its own in a container. */
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]

/** Told so, the app prepares nothing: a tap is the whole opening, and no session is there that a test did not ask for. */
export const SAVES_DATA = `Object.defineProperty(NetworkInformation.prototype, 'saveData', { get: () => true })`

/** Debian's Chromium, headless, with a profile of its own. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  const profile = options.profile ?? tempFolder('chromium')
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: options.namespace ? wrapper(profile, options.namespace) : '/usr/bin/chromium',
    headless: true,
    args: [...CHROMIUM_ARGS, ...(options.args ?? [])],
    viewport: options.viewport ?? { width: 390, height: 844 },
    deviceScaleFactor: options.scale ?? 1,
    colorScheme: options.colorScheme ?? 'light',
    ignoreHTTPSErrors: options.ignoreHTTPSErrors ?? false,
    ...(options.home ? { env: { ...process.env, HOME: options.home } } : {}),
  })
  if (!options.prepares) await context.addInitScript(SAVES_DATA)
  return { context, profile, close: () => closed(context, profile, options.profile === undefined) }
}

/** One Chromium for many people: each context has a storage of its own, as a profile has. */
export const launchShared = (): Promise<PlaywrightBrowser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: CHROMIUM_ARGS })

/**
 * Firefox ESR, headless, driven over WebDriver BiDi (Playwright cannot drive Debian's build). BiDi is a websocket on
 * loopback, so that a Firefox in another network namespace is out of reach.
 */
export async function launchFirefox(options: FirefoxOptions = {}): Promise<Firefox> {
  const profile = options.profile ?? tempFolder('firefox')
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    args: options.args ?? [],
    extraPrefsFirefox: { ...QUIET_FIREFOX, ...options.prefs },
    env: { ...process.env, ...options.env },
  })
  return { browser, profile, close: () => closed(browser, profile, options.profile === undefined) }
}

const QUIET_FIREFOX = {
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
}

/** Playwright takes a program, not a command line, and talks through inherited pipes: `exec` keeps them. */
function wrapper(profile: string, namespace: string): string {
  const file = join(profile, 'run-chromium')
  writeFileSync(file, `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`, { mode: 0o755 })
  return file
}

async function closed(
  browser: { close(): Promise<void> },
  profile: string,
  temporary: boolean,
): Promise<void> {
  await browser.close()
  await until(() => processesOf(profile).length === 0, { timeout: 10_000, what: 'the end of the browser' })
  if (temporary) removeTemp(profile)
}

/** Processes with `profile` on their command line. */
function processesOf(profile: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(profile)
    } catch {
      return false
    }
  })
}
