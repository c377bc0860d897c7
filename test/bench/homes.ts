import { spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EvilServer, startEvilServer } from '../evil/evil-server.ts'
import { watchHeadless } from '../evil/headless-viewer.ts'
import { seededRandom } from '../evil/world.ts'
import { until } from '../support/wait.ts'
import { loseDatagrams } from './homes/loss.ts'
import { type Home, openHomes } from './homes/open.ts'
import { createHeadlessPeer } from './homes/peer.ts'
import { createReader, type Tally } from './homes/reader.ts'

export type HomesOptions = { homes: number; seed?: number }

/** In the control run the checks are out, and the server sends every third offer to another camera. */
const isControl = process.env.HOMES_CONTROL === '1'

const WAVE = 130
const VISITS = 2
const FRAMES_A_VISIT = 12
const TRIES = 10
const LOSS = 0.03
const RATE = 0.08
const CONTROL = { rate: 0.3, weights: { reroute: 1 } }

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
  try {
    for (let from = 0; from < options.homes; from += WAVE) {
      await wave(run, from, Math.min(WAVE, options.homes - from))
      process.stdout.write(`${Math.min(options.homes, from + WAVE)} homes, ${figures.frames} frames\n`)
    }
  } finally {
    await evil.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const text = report(run, options.homes, performance.now() - begin)
  if (isControl && figures.foreign === 0) throw new Error(`${text}\nNo foreign frame: this run cannot fail.`)
  if (!isControl && figures.foreign > 0) throw new Error(`${text}\nFOREIGN FRAMES`)
  return text
}

/** The same run in a process of its own with the checks of identity taken out. @returns its exit code */
export function controlHomes(args: readonly string[]): number {
  const control = join(import.meta.dirname, 'homes', 'control.ts')
  const main = join(import.meta.dirname, 'main.ts')
  const options = { stdio: 'inherit', env: { ...process.env, HOMES_CONTROL: '1' } } as const
  return spawnSync(process.execPath, ['--import', control, main, ...args], options).status ?? 1
}

async function wave(run: Run, from: number, count: number): Promise<void> {
  const { evil, figures, key, folder, seed } = run
  const opened = await openHomes(evil, { from, count, key, folder, loss: LOSS, seed: seed + from + 2 })
  const { homes } = opened
  try {
    evil.randomly(isControl ? CONTROL : { rate: RATE })
    for (let visit = 0; visit < VISITS; visit++) {
      // Everybody comes back at once, and watches.
      if (visit > 0) evil.cutAll()
      await Promise.all(homes.map(home => watchHome(run, home)))
      figures.attempted += homes.length
    }
  } finally {
    evil.randomly(undefined)
    await opened.close()
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
  for (let tries = 0; tries < TRIES && reader.own() < FRAMES_A_VISIT; tries++) {
    const ended = new AbortController()
    const watching = watchHeadless(home.owner, camera, {
      peer: signal => createHeadlessPeer(AbortSignal.any([signal, ended.signal]), reader.take),
    })
    try {
      await watching.session
      await until(() => reader.own() >= FRAMES_A_VISIT, { timeout: 8_000, what: 'frames' })
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

function report(run: Run, homes: number, ms: number): string {
  const { figures, seed } = run
  const rate = isControl ? CONTROL.rate : RATE
  const refusals = Object.entries(figures.refusals).map(([code, count]) => `${code} ${count}`)
  return [
    `${homes} homes, seed ${seed}, ${Math.round(ms / 1000)} s, ${LOSS * 100} % loss each way, faults in ${rate * 100} % of messages${isControl ? ', NO CHECK OF IDENTITY' : ''}`,
    `frames checked                ${figures.frames}`,
    `decoded and compared too      ${figures.decoded} (${figures.unread} could not be read)`,
    `foreign frames                ${figures.foreign}`,
    `honest sessions served        ${figures.served} of ${figures.attempted}`,
    `attempts refused, by code     ${refusals.join(', ') || 'none'}`,
    `answers that did not verify   ${figures.foreignAnswers}`,
    `faults done                   ${Object.entries(run.evil.counts)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')}`,
  ].join('\n')
}
