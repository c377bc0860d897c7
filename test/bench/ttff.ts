import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isEvent, isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { pair, signUp, untilState, watch } from '../support/app.ts'
import { launchChromium } from '../support/browsers.ts'
import { spawnTestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'
import { table } from './table.ts'

/**
 * The moments of one live view, in the order in which they come. Those named `ownsight:` are the viewer's own marks,
 * one per state of protocol/src/session-state.ts; the others are made by `WATCH` below.
 */
const MOMENTS = [
  'tap',
  'ownsight:beacon',
  'ownsight:offered',
  'ownsight:answer_ok',
  'ice',
  'dtls',
  'ownsight:confirming',
  'ownsight:live',
  'first-rtp',
  'ownsight:first-frame',
] as const

/** Name of the phase that ends with each moment. */
const PHASES: Record<(typeof MOMENTS)[number], string> = {
  tap: '',
  'ownsight:beacon': 'tap: ask for the beacon, verify it',
  'ownsight:offered': 'offer: gather, make it, sign it',
  'ownsight:answer_ok': 'answer: camera checks, answers; verify it',
  ice: 'ICE',
  dtls: 'DTLS',
  'ownsight:confirming': 'SCTP: data channel opens',
  'ownsight:live': 'CONFIRM and confirmed',
  'first-rtp': 'first RTP packet',
  'ownsight:first-frame': 'first frame decoded and shown',
}

/** In the page, before its own code: marks what the browser tells of the connection, and the tap. */
const WATCH = `{
  const mark = name => performance.mark(name)
  addEventListener('click', event => event.target.closest?.('[data-testid=camera]') && mark('tap'), true)
  const Real = RTCPeerConnection
  window.RTCPeerConnection = class extends Real {
    constructor(config) {
      super(config)
      this.addEventListener('iceconnectionstatechange', () => this.iceConnectionState === 'connected' && mark('ice'))
      this.addEventListener('connectionstatechange', () => this.connectionState === 'connected' && mark('dtls'))
      this.addEventListener('track', ({ track }) => track.addEventListener('unmute', () => mark('first-rtp')))
    }
  }
}`

type Moments = Record<(typeof MOMENTS)[number], number>

/** @returns a table of the phases, and the cost of CONFIRM by itself */
export async function ttff(options: { runs: number; cold: boolean }): Promise<string> {
  await buildViewer(() => undefined)
  const signaling = await spawnTestSignaling({ viewer: viewerFolder })
  const source = { kind: 'test-pattern', width: 1280, height: 720, fps: 25 }
  const agent = startAgent({ server: signaling.origin, cameras: [{ name: 'Door', source }] })
  const chromium = await launchChromium()
  try {
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    await page.addInitScript(WATCH)
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    await pair(page, await agent.code(), 'Door')
    await agent.report(isServing)
    await page.getByRole('button', { name: 'Watch' }).click()
    await untilState(page, 'live')
    const all: Moments[] = []
    while (all.length < options.runs) all.push(await once(page, agent, options.cold))
    return report(all, options.cold)
  } finally {
    await chromium.close()
    await agent.dispose()
    await signaling.close()
  }
}

/** Leaves the live view, waits until the camera has noticed, and opens it again. */
async function once(page: Page, agent: TestAgent, cold: boolean): Promise<Moments> {
  const from = agent.reports.length
  await page.getByRole('button', { name: '← Cameras' }).click()
  await agent.report(report => report.event === 'watching' && report.viewers === 0, from)
  if (cold) await agent.report(report => isEvent('source')(report) && report.state === 'closed', from)
  await page.evaluate(() => performance.clearMarks())
  await watch(page, 'Door')
  return until(() => moments(page), { timeout: 30_000, what: 'the first frame' })
}

async function moments(page: Page): Promise<Moments | undefined> {
  const marks = await page.evaluate(() =>
    performance.getEntriesByType('mark').map(({ name, startTime }) => [name, startTime] as const),
  )
  const found = new Map(marks)
  if (!MOMENTS.every(name => found.has(name))) return undefined
  const all = Object.fromEntries(found) as Moments
  // `unmute` is a task of the page's main thread and may run after the first frame's: the packet came before.
  return { ...all, 'first-rtp': Math.min(all['first-rtp'], all['ownsight:first-frame']) }
}

function report(all: Moments[], cold: boolean): string {
  const between = (from: keyof Moments, to: keyof Moments): number[] => all.map(run => run[to] - run[from])
  const phases = MOMENTS.slice(1).map((moment, i) => ({
    name: PHASES[moment],
    values: between(MOMENTS[i] ?? 'tap', moment),
  }))
  const whole = { name: 'tap to first frame', values: between('tap', 'ownsight:first-frame') }
  const confirm = { name: 'CONFIRM by itself', values: between('ownsight:confirming', 'ownsight:live') }
  const what = cold ? 'source closed before each' : 'source running'
  return `${all.length} live views, test pattern 1280x720 at 25/s, ${what}\n\n${table(phases, whole)}\n\n${table([confirm], whole)}`
}
