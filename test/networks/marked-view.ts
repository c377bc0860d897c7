import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import type { Report } from '@ownsight/camera-agent/status'
import type { Lab } from '../netlab/lab.ts'
import { type LabHouse, openLabHouse } from '../netlab/lab-house.ts'
import { collectMarks, type TimedMark, takeMarks, untilState, watch } from '../support/app.ts'

export const FPS = 20
/** Enough noise in it to fill a line. */
const SOURCE = { kind: 'test-pattern', width: 1280, height: 720, fps: FPS, grain: 20 }
const BASE_MS = 5000

/** Chromium watches a camera that draws its number into each picture; every frame on the page is read. */
export type MarkedView = {
  readonly house: LabHouse
  isOwn(mark: TimedMark): boolean
  /** How much later the page drew it than it draws on a perfect line, ms. */
  lateness(mark: TimedMark): number
}

/** To be opened over lines that are still perfect; close its house. */
export async function openMarkedView(lab: Lab<'camera' | 'viewer'>): Promise<MarkedView> {
  const key = randomBytes(32)
  const source = { ...SOURCE, mark: { key: key.toString('base64url') } }
  const house = await openLabHouse(lab, { agent: { cameras: [{ name: 'Door', source }] } })
  try {
    const { page, agent } = house
    await watch(page, 'Door')
    await untilState(page, 'live', 30_000)
    await collectMarks(page)
    await sleep(BASE_MS)
    const base = Math.min(...(await takeMarks(page)).marks.map(ageOf))
    return { house, isOwn: ownMarks(agent.reports, key), lateness: mark => ageOf(mark) - base }
  } catch (error) {
    await house.close()
    throw error
  }
}

/** When the page drew it, less when the camera drew it: by the same page's clock, with an unknown constant. */
const ageOf = ({ at, counter }: TimedMark): number => at - (counter * 1000) / FPS

function ownMarks(reports: readonly Report[], key: Uint8Array): (mark: TimedMark) => boolean {
  const report = reports.find(each => each.event === 'pairing-code')
  const camId = report && 'code' in report ? (report.code.split(':')[2] ?? '') : ''
  return mark => mark.camera === cameraTag(camId) && verifyMark(mark, camId, key)
}
