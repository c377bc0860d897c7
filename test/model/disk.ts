/** Stands in for camera-agent/src/durable-file.ts: files in memory, and a process that may die at any write. */

export type Crash = 'before' | 'after' | 'full'

const files = new Map<string, string>()
const crashes = new Map<string, Crash>()
let onCrash: (folder: string) => void = () => undefined

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const never = new Promise<never>(() => undefined)

/** Atomic, as the real one is: the old content or the new one. A process that dies here never sees it return. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const crash = crashes.get(folderOf(path))
  crashes.delete(folderOf(path))
  if (crash === 'full') throw new Error('no space left on the device')
  if (crash !== 'before') files.set(path, content)
  if (crash === undefined) return
  onCrash(folderOf(path))
  return never
}

/** Folders are as durable as their files here. */
export const syncFolder = async (): Promise<void> => undefined

export const readIfPresent = async (path: string): Promise<string | undefined> => files.get(path)

/** At the next write to this folder: the process dies before it or after it, or the disk is full. */
export const crashAtNextWrite = (folder: string, crash: Crash): void => void crashes.set(folder, crash)

export const forgetCrashes = (): void => crashes.clear()

export function resetDisk(handler: (folder: string) => void): void {
  files.clear()
  crashes.clear()
  onCrash = handler
}

export const putFile = (path: string, content: string): void => void files.set(path, content)
export const fileText = (path: string): string | undefined => files.get(path)
export function eraseFolder(folder: string): void {
  for (const path of [...files.keys()]) if (folderOf(path) === folder) files.delete(path)
}
