import { setTimeout as sleep } from 'node:timers/promises'
import { type Evaluating, hearBeeps } from '../support/lip-sync.ts'
import { behindPicture, readClocks, type Shown } from '../support/picture-clock.ts'
import { until } from '../support/wait.ts'
import type { Camera } from './cameras.ts'
import type { Watcher } from './watchers.ts'

/** Reports of both streams, and what the browser then takes to move them together. */
const SETTLE_MS = 6000

export type Measured = Shown & {
  seconds: number
  /** Of what the browser receives: `H264`, `opus`; sound undefined where none came. */
  codecs: { video?: string; audio?: string }
  /** Packets of sound before anybody asked for sound; has to be 0. */
  unasked: number
  /** Whether it can be heard; undefined where the camera has none. */
  audible?: boolean
  /** How much later than the pictures each beep is, ms; undefined without a clock. */
  apart?: number[]
  /** What the agent says of the source. */
  note: string
}

/** One camera in one browser. @throws Error when it does not become live in a minute */
export async function measure(camera: Camera, watcher: Watcher, seconds: number): Promise<Measured> {
  const { source, close } = await camera.open()
  const agent = await watcher.watch([{ name: camera.name, source }]).catch(async error => {
    await close()
    throw error
  })
  try {
    const { page } = watcher
    const unasked = (await received(page)).packets
    if (camera.sound) await listen(watcher)
    await sleep(SETTLE_MS)
    const heard = await received(page)
    const clocked = camera.clock && camera.sound
    const [shown, beeps] = await Promise.all([
      readClocks(page, seconds),
      clocked ? hearBeeps(page, seconds) : undefined,
    ])
    const apart = beeps && behindPicture(beeps, shown.late)
    const { codecs, energy } = await received(page)
    const said = agent.reports.findLast(report => report.event === 'source' && report.state === 'live')
    const note = said?.event === 'source' ? (said.note ?? '') : ''
    const audible = camera.sound ? { audible: energy > heard.energy } : {}
    return { ...shown, seconds, codecs, unasked, note, ...audible, ...(apart ? { apart } : {}) }
  } finally {
    await watcher.leave()
    await agent.dispose()
    await close()
  }
}

async function listen(watcher: Watcher): Promise<void> {
  await watcher.turnSoundOn()
  const what = 'sound that can be heard'
  await until(async () => (await received(watcher.page)).energy > 0, { timeout: 20_000, every: 200, what })
}

type Received = { codecs: Measured['codecs']; packets: number; energy: number }

/** Sound received so far, and what codecs the browser has, on any connection of the page. */
const received = (page: Evaluating) => page.evaluate(`(${read.toString()})()`) as Promise<Received>

async function read(): Promise<Received> {
  const { __peers } = window as unknown as { __peers: RTCPeerConnection[] }
  const found: Received = { codecs: {}, packets: 0, energy: 0 }
  for (const peer of __peers) {
    const reports = [...(await peer.getStats()).values()]
    for (const { type, kind, codecId, packetsReceived, totalAudioEnergy } of reports) {
      if (type !== 'inbound-rtp') continue
      const codec = reports.find(({ id }) => id === codecId)?.mimeType?.split('/')[1]
      if (codec && packetsReceived > 0) Object.assign(found.codecs, { [kind]: codec })
      if (kind === 'audio') found.packets += packetsReceived
      if (kind === 'audio') found.energy += totalAudioEnergy ?? 0
    }
  }
  return found
}
