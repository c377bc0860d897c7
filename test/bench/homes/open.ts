import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Report } from '@ownsight/camera-agent/status'
import type { Owner } from '../../support/owner.ts'
import { until } from '../../support/wait.ts'
import { writePictures } from './clip.ts'
import { enrol, openOwner } from './enrol.ts'
import type { MadeHome } from './make-home.ts'

export type Home = { owner: Owner; camera: MadeHome; drawn: string }
export type OpenHomes = { homes: readonly Home[]; close(): Promise<void> }
type Server = { origin: string; data: string }

/** So many homes at one server: their cameras in a process of their own and online, their owners connected. */
export async function openHomes(
  server: Server,
  how: { from: number; count: number; key: Buffer; folder: string; loss: number; seed: number },
): Promise<OpenHomes> {
  const { from, count, key, folder, loss, seed } = how
  const names = Array.from({ length: count }, (_, i) => `home-${from + i}`)
  const clip = join(folder, `${from}.h264`)
  await writePictures(clip, names, key)
  const child = fork(
    join(import.meta.dirname, 'cameras.ts'),
    [server.origin, String(from), String(count), String(loss), String(seed)],
    { env: { ...process.env, HOMES_KEY: key.toString('hex'), HOMES_CLIP: clip }, stdio: 'inherit' },
  )
  const homes: Home[] = []
  const close = async (): Promise<void> => {
    for (const { owner } of homes) owner.close()
    await ended(child)
  }
  try {
    const reports = collect(child)
    const made = await madeHomes(child, reports, names)
    await enrol(server.data, made)
    for (const [i, camera] of made.entries())
      homes.push({ camera, drawn: names[i] ?? '', owner: await openOwner(server.origin, camera) })
    const online = () => names.every((_, i) => isOnline(reports, `Camera ${i}`))
    await until(online, { timeout: 60_000, what: 'cameras' })
    return { homes, close }
  } catch (error) {
    await close()
    throw error
  }
}

type FromCameras = Report | ({ event: 'home'; camera: string } & MadeHome)

/** Resolves when every camera of the process is made, in the order of `names`. */
async function madeHomes(
  child: ChildProcess,
  reports: FromCameras[],
  names: readonly string[],
): Promise<(MadeHome & { name: string })[]> {
  const made = () => reports.filter(report => report.event === 'home')
  const all = () => made().length === names.length || child.exitCode !== null
  await until(all, { timeout: 60_000, what: 'homes' })
  if (child.exitCode !== null) throw new Error('the process of the cameras ended')
  return made().map((home, i) => ({ ...home, name: names[i] ?? '' }))
}

function collect(child: ChildProcess): FromCameras[] {
  const reports: FromCameras[] = []
  child.on('message', report => reports.push(report as FromCameras))
  return reports
}

const isOnline = (reports: FromCameras[], camera: string): boolean =>
  reports.some(report => report.event === 'online' && !report.note && report.camera === camera)

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.disconnect()
  const insist = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(insist)
}
