import { setTimeout as delay } from 'node:timers/promises'
import { type Camera, openCamera } from './camera.ts'
import type { Config } from './config.ts'
import { openDataFolder } from './data-folder.ts'
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
  const { report, signal } = options
  const folder = openDataFolder(config.data)
  try {
    const cameras: Camera[] = []
    for (const camera of config.cameras) {
      cameras.push(
        await openCamera(camera, {
          data: config.data,
          server: config.server,
          network: config.network,
          report,
        }),
      )
    }
    report({ event: 'started', data: config.data })
    const serving = cameras.filter(camera => camera.isPaired()).map(camera => camera.run(signal))
    for (const camera of cameras.filter(each => !each.isPaired())) {
      if (await pairUntilDone(camera, options)) serving.push(camera.run(signal))
    }
    await Promise.all(serving)
  } finally {
    folder.release()
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
