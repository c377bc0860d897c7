import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { syncFolder } from './durable-file.ts'
import { cameraFolder, createKeys } from './keystore.ts'
import { BASE_FILE } from './log-base.ts'
import { listSegments, segmentPath } from './log-segments.ts'
import { STATE_FILE } from './state-file.ts'
import type { Reporter } from './status.ts'
import { step } from './steps.ts'

/**
 * The end of one camera and the beginning of another in the same device. With the new key file in place the stored
 * policy, which names the old key, has ended; what a crash leaves of it is erased at the next start.
 */
export async function resetCamera(folder: string): Promise<void> {
  await endIdentity(folder)
  await eraseLife(folder)
  step('reset.done')
}

/** Rejects while the old identity goes on. */
export async function endIdentity(folder: string): Promise<void> {
  step('reset.accepted')
  await createKeys(folder)
  step('reset.key.replaced')
}

/** Removes log and state of an identity that has ended, or that never was. The log first: the state says whose it is. */
export async function eraseLife(folder: string): Promise<void> {
  for (const segment of await listSegments(folder)) await remove(segmentPath(folder, segment))
  await removeWritten(join(folder, BASE_FILE))
  await syncFolder(folder)
  step('reset.log.erased')
  await removeWritten(join(folder, STATE_FILE))
  await syncFolder(folder)
  step('reset.state.erased')
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** A file that `writeDurably` writes, and what a crash may have left beside it. */
async function removeWritten(path: string): Promise<void> {
  await remove(`${path}.new`)
  await remove(path)
}

/** Gives each configured camera a new key: `ownsight-camera --reset`. */
export async function resetCameras(config: Config, report: Reporter): Promise<void> {
  const folder = openDataFolder(config.data)
  try {
    for (const camera of config.cameras) {
      await resetCamera(cameraFolder(config.data, camera.slug))
      report({
        event: 'note',
        note: `${camera.name}: reset. It has a new key; old owners can no longer see it. Pair it again.`,
      })
    }
  } finally {
    folder.release()
  }
}
