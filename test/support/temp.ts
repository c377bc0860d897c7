import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders = new Set<string>()
process.once('exit', () => folders.forEach(removeTemp))

/** A new empty folder of mode 0700 that goes with the process, or earlier with `removeTemp`. */
export function tempFolder(name = 'test'): string {
  const folder = mkdtempSync(join(tmpdir(), `ownsight-${name}-`))
  folders.add(folder)
  return folder
}

/** Removes it with all that is in it. A browser may still be writing its last file: tried again for a second. */
export function removeTemp(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  folders.delete(folder)
}
