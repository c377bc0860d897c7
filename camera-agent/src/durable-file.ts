import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { step } from './steps.ts'

/**
 * Replaces `path` so that a crash or power cut at any point leaves the old file or the new one, never a part:
 * temporary file, fsync, rename, fsync of the folder. Resolves only when the new content is durable. Mode 0600.
 */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    step('file.temp.written')
    await file.sync()
    step('file.temp.synced')
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  step('file.renamed')
  await syncFolder(dirname(path))
  step('file.folder.synced')
}

/** What was made, renamed or removed in the folder stays so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The file's text, or undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
