import type { Page } from 'playwright-core'
import { until } from '../../support/wait.ts'

/**
 * For every page of the comparison, before its own code: marks the tap, what the browser tells of the connection, and the
 * first picture that was painted. The tap is the click event itself, the picture the callback that comes with it.
 */
export const WATCH = `{
  const mark = name => performance.mark(name)
  const isTap = target => target.closest?.('[data-testid=camera], #watch')
  addEventListener('click', event => isTap(event.target) && mark('tap'), true)
  const Real = RTCPeerConnection
  window.RTCPeerConnection = class extends Real {
    constructor(config) {
      super(config)
      window.__connection = this
      this.addEventListener('iceconnectionstatechange', () => this.iceConnectionState === 'connected' && mark('ice'))
      this.addEventListener('connectionstatechange', () => this.connectionState === 'connected' && mark('dtls'))
      this.addEventListener('track', ({ track }) => track.addEventListener('unmute', () => mark('first-rtp')))
    }
  }
  const { set, get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject')
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    get,
    set(stream) {
      set.call(this, stream)
      if (stream) this.requestVideoFrameCallback(() => mark('painted'))
    },
  })
}`

/** By name of the mark, ms of the page's clock: the first of each since the last tap, or since `forget`. */
export type Moments = { readonly [name: string]: number }

export const forget = (page: Page): Promise<void> => page.evaluate(() => performance.clearMarks())

/** Waits for the picture. */
export const untilPainted = (page: Page, name: string): Promise<Moments> =>
  until(() => look(page), { timeout: 30_000, what: `the first picture of ${name}` })

async function look(page: Page): Promise<Moments | undefined> {
  const marks = await marksOf(page)
  const tap = marks.find(([name]) => name === 'tap')?.[1]
  if (tap === undefined || !marks.some(([name]) => name === 'painted')) return undefined
  return Object.fromEntries(marks.filter(([, at]) => at >= tap).reverse())
}

const marksOf = (page: Page): Promise<(readonly [string, number])[]> =>
  page.evaluate(() =>
    performance.getEntriesByType('mark').map(({ name, startTime }) => [name, startTime] as const),
  )

/** Waits for a session that nobody has tapped for. */
export async function untilHeld(page: Page): Promise<Moments> {
  await page.locator('[data-testid=camera][data-prepared]').waitFor()
  return Object.fromEntries((await marksOf(page)).reverse())
}

/** ms, by the checks of ICE of the page's last connection: what the line takes and what both ends add. */
export const roundTrip = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { __connection } = window as unknown as { __connection: RTCPeerConnection }
    for (const report of (await __connection.getStats()).values())
      if (report.type === 'candidate-pair' && report.nominated)
        return (1000 * report.totalRoundTripTime) / report.responsesReceived
    return Number.NaN
  })
