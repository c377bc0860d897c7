import type { Config } from './config.ts'
import { openDataFolder } from './data-folder.ts'
import { cameraFolder, createKeys } from './keystore.ts'
import type { Reporter } from './status.ts'

/**
 * Gives each configured camera a new key. The stored policy names the old key and thereby ends with it: replacing
 * the key file is the whole of the reset, so there is nothing a crash could leave half done.
 */
export async function resetCameras(config: Config, report: Reporter): Promise<void> {
  const folder = openDataFolder(config.data)
  try {
    for (const camera of config.cameras) {
      await createKeys(cameraFolder(config.data, camera.slug))
      report({
        event: 'note',
        note: `${camera.name}: reset. It has a new key; old owners can no longer see it. Pair it again.`,
      })
    }
  } finally {
    folder.release()
  }
}
