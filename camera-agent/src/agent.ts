import { setTimeout as delay } from 'node:timers/promises'
import { type Camera, openCamera } from './camera.ts'
import type { Config } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { type AgentState, answerDoctor } from './doctor/agent-socket.ts'
import { createLoad } from './load.ts'
import { rehearse } from './rtc/rehearse.ts'
import type { Reporter } from './status.ts'

/**
 * Runs every camera of the configuration until `signal` aborts. Paired cameras serve at once; the others show their
 * codes one after another.
 * @param nextCode resolves when the person at the camera asks for a new code after an interrupted pairing
 */
export async function runAgent(
  config: Config,
  options: { report: Reporter; signal: AbortSignal; nextCode: () => Promise<void> },
): Promise<void> {
  const { report } = options
  const folder = openDataFolder(config.data)
  const load = createLoad()
  let doctor: { close(): void } | undefined
  try {
    const cameras: Camera[] = []
    for (const camera of config.cameras) {
      cameras.push(
        await openCamera(camera, {
          data: config.data,
          server: config.server,
          network: config.network,
          load,
          report,
        }),
      )
    }
    report({ event: 'started', data: config.data })
    void rehearse(options.signal)
    const pairing = oneAfterAnother()
    doctor = answerDoctor(config.data, () => stateOf(cameras))
    await Promise.all(cameras.map(camera => live(camera, pairing, options)))
  } finally {
    doctor?.close()
    load.close()
    folder.release()
  }
}

async function stateOf(cameras: readonly Camera[]): Promise<AgentState> {
  const grants = await Promise.all(cameras.map(camera => camera.grant()))
  const grant = grants.find(each => each !== undefined)
  return { cameras: cameras.map(camera => camera.state()), ...(grant ? { grant } : {}) }
}

/** Pairs where it must, serves, and after its owner let it go begins anew. */
async function live(
  camera: Camera,
  pairing: ReturnType<typeof oneAfterAnother>,
  options: Parameters<typeof pairUntilDone>[1],
): Promise<void> {
  do {
    if (!camera.isPaired() && !(await pairing(() => pairUntilDone(camera, options)))) return
  } while ((await camera.run(options.signal)) === 'released')
}

/** One code is shown at a time. */
function oneAfterAnother(): <T>(work: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve()
  return work => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
}

async function pairUntilDone(
  camera: Camera,
  options: { report: Reporter; signal: AbortSignal; nextCode: () => Promise<void> },
): Promise<boolean> {
  while (!options.signal.aborted) {
    const outcome = await camera.pair(options.signal)
    if (outcome === 'paired') return true
    if (outcome === 'stopped') return false
    options.report({ event: 'pairing-interrupted', camera: camera.name })
    await Promise.race([
      options.nextCode(),
      delay(2 ** 31 - 1, undefined, { signal: options.signal }).catch(() => {}),
    ])
  }
  return false
}
