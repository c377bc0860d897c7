import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@ownsight/camera-agent/status'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { type EvilServer, startEvilServer } from '../evil/evil-server.ts'
import { watchHeadless } from '../evil/headless-viewer.ts'
import { seededRandom } from '../evil/world.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { until } from '../support/wait.ts'
import { writePictures } from './homes/clip.ts'
import { loseDatagrams } from './homes/loss.ts'
import { createHeadlessPeer } from './homes/peer.ts'
import { createReader, type Tally } from './homes/reader.ts'

export type HomesOptions = { homes: number; seed?: number }

const WAVE = 20
const VISITS = 2
const FRAMES_A_VISIT = 12
const LOSS = 0.03
const RATE = 0.08

type Home = { owner: Owner; camera: PairedCamera; drawn: string }
type Figures = Tally & {
  attempted: number
  served: number
  foreignAnswers: number
  refusals: Record<string, number>
}
type Run = {
  evil: EvilServer
  key: Buffer
  folder: string
  seed: number
  figures: Figures
  random: () => number
}

/** Homes in waves under the evil server, with loss and reconnect storms. @throws when a foreign frame was seen */
export async function benchHomes(options: HomesOptions): Promise<string> {
  const seed = options.seed ?? randomInt(2 ** 31)
  const evil = await startEvilServer({ seed })
  const folder = mkdtempSync(join(tmpdir(), 'ownsight-bench-homes-'))
  const none = { frames: 0, decoded: 0, foreign: 0, unread: 0 }
  const figures: Figures = { ...none, attempted: 0, served: 0, foreignAnswers: 0, refusals: {} }
  const random = seededRandom(seed)
  const run: Run = { evil, key: randomBytes(32), folder, seed, figures, random }
  loseDatagrams(LOSS, seededRandom(seed + 1))
  const begin = performance.now()
  let first: Owner | undefined
  try {
    for (let from = 0; from < options.homes; from += WAVE) {
      first = await wave(run, from, Math.min(WAVE, options.homes - from), first)
      process.stdout.write(`${Math.min(options.homes, from + WAVE)} homes, ${figures.frames} frames\n`)
    }
  } finally {
    first?.close()
    await evil.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const text = report(figures, options.homes, seed, performance.now() - begin)
  if (figures.foreign > 0) throw new Error(`${text}\nFOREIGN FRAMES`)
  return text
}

async function wave(
  run: Run,
  from: number,
  count: number,
  first: Owner | undefined,
): Promise<Owner | undefined> {
  const { evil, figures } = run
  const names = Array.from({ length: count }, (_, i) => `home-${from + i}`)
  const clip = join(run.folder, `${from}.h264`)
  await writePictures(clip, names, run.key)
  const child = fork(
    join(import.meta.dirname, 'homes', 'cameras.ts'),
    [evil.origin, String(from), String(count), String(LOSS), String(run.seed + from + 2)],
    { env: { ...process.env, HOMES_KEY: run.key.toString('hex'), HOMES_CLIP: clip }, stdio: 'inherit' },
  )
  const homes: Home[] = []
  let host = first
  try {
    const reports = collect(child)
    for (const [i, drawn] of names.entries()) {
      const owner = await newOwner(evil, host, drawn)
      host ??= owner
      homes.push({ owner, drawn, camera: await pairCamera(owner, await codeOf(reports, `Camera ${i}`)) })
    }
    await until(() => names.every((_, i) => isOnline(reports, `Camera ${i}`)), {
      timeout: 60_000,
      what: 'cameras',
    })
    evil.randomly({ rate: RATE })
    for (let visit = 0; visit < VISITS; visit++) {
      // Everybody comes back at once, and watches.
      if (visit > 0) evil.cutAll()
      await Promise.all(homes.map(home => watchHome(run, home)))
      figures.attempted += homes.length
    }
  } finally {
    evil.randomly(undefined)
    for (const { owner } of homes) if (owner !== host) owner.close()
    await ended(child)
  }
  return host
}

function collect(child: ChildProcess): Report[] {
  const reports: Report[] = []
  child.on('message', report => reports.push(report as Report))
  return reports
}

const isOnline = (reports: Report[], camera: string): boolean =>
  reports.some(report => report.event === 'online' && !report.note && report.camera === camera)

async function codeOf(reports: Report[], camera: string): Promise<string> {
  const shown = () => reports.findLast(report => report.event === 'pairing-code' && report.camera === camera)
  const report = await until(shown, { timeout: 60_000, what: `the code of ${camera}` })
  return report?.event === 'pairing-code' ? report.code : ''
}

/** An account for each home; where the server asks for patience, it is had. */
async function newOwner(evil: EvilServer, host: Owner | undefined, name: string): Promise<Owner> {
  for (let tries = 0; ; tries++) {
    try {
      if (!host) return await createOwner(evil.origin, { token: evil.setupToken }, name)
      const { body } = await host.request('POST', '/api/invitations', {})
      const { invitation } = body as { invitation: string }
      return await createOwner(evil.origin, { invitation }, name)
    } catch (error) {
      if (tries === 60 || !/429|many/.test(String(error))) throw error
      await new Promise(resolve => setTimeout(resolve, 2000))
    }
  }
}

/** One visit: attempts as the live page makes them, until enough frames came. */
async function watchHome(run: Run, home: Home): Promise<void> {
  const { figures } = run
  const camera = { camId: home.camera.camId, key: home.camera.key }
  const reader = createReader({
    camId: camera.camId,
    drawn: home.drawn,
    key: run.key,
    tally: figures,
  })
  await new Promise(resolve => setTimeout(resolve, run.random() * 2000))
  for (let tries = 0; tries < 10 && reader.own() < FRAMES_A_VISIT; tries++) {
    const ended = new AbortController()
    const watching = watchHeadless(home.owner, camera, {
      peer: signal => createHeadlessPeer(AbortSignal.any([signal, ended.signal]), reader.take),
    })
    try {
      await watching.session
      await until(() => reader.own() >= FRAMES_A_VISIT, { timeout: 15_000, what: 'frames' })
    } catch (error) {
      const code = String((error as { code?: unknown }).code ?? 'no_frames')
      figures.refusals[code] = (figures.refusals[code] ?? 0) + 1
    } finally {
      figures.foreignAnswers += watching.foreign()
      ended.abort()
      await watching.close()
      // As the live page: a server that is away is asked again a little later.
      await new Promise(resolve => setTimeout(resolve, 500 + run.random() * 1000))
    }
  }
  await reader.settled()
  if (reader.own() >= FRAMES_A_VISIT) figures.served++
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.disconnect()
  const insist = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(insist)
}

function report(figures: Figures, homes: number, seed: number, ms: number): string {
  const refusals = Object.entries(figures.refusals).map(([code, count]) => `${code} ${count}`)
  return [
    `${homes} homes, seed ${seed}, ${Math.round(ms / 1000)} s, ${LOSS * 100} % loss each way, faults in ${RATE * 100} % of messages`,
    `frames checked                ${figures.frames}`,
    `decoded and compared too      ${figures.decoded} (${figures.unread} could not be read)`,
    `foreign frames                ${figures.foreign}`,
    `honest sessions served        ${figures.served} of ${figures.attempted}`,
    `attempts refused, by code     ${refusals.join(', ') || 'none'}`,
    `answers that did not verify   ${figures.foreignAnswers}`,
  ].join('\n')
}
