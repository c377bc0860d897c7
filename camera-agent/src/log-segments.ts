import { type FileHandle, open, readdir, readFile, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from './durable-file.ts'
import { step } from './steps.ts'

/**
 * Lines on disk, in files `log-000000.jsonl` and on. A line is kept once its file is synced, and the folder too where
 * the file is new; what a crash left of the last one is cut off.
 */
export type Segments = {
  /** the file number of the last line, or of the first to come */
  readonly last: () => number
  /** bytes in the file of the last line */
  readonly size: () => number
  /** Resolves when the line is durable. @param fresh begin another file with it */
  append(line: string, fresh: boolean): Promise<void>
  lines(segment: number): Promise<string[]>
  drop(segment: number): Promise<void>
  close(): Promise<void>
}

const PATTERN = /^log-(\d{6})\.jsonl$/
const NEWLINE = 10

export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .flatMap(name => PATTERN.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

export const segmentPath = (folder: string, segment: number): string =>
  join(folder, `log-${String(segment).padStart(6, '0')}.jsonl`)

export async function openSegments(folder: string): Promise<Segments> {
  let last = (await listSegments(folder)).at(-1) ?? -1
  let size = last < 0 ? 0 : await cutTornLine(segmentPath(folder, last))
  let file: FileHandle | undefined = last < 0 ? undefined : await open(segmentPath(folder, last), 'r+')
  let torn = false

  /** A file that was made and never got its line is used before another one is made. */
  async function begin(): Promise<FileHandle> {
    const made = await open(segmentPath(folder, last + 1), 'wx', 0o600)
    await file?.close().catch(() => undefined)
    last += 1
    size = 0
    file = made
    step('log.segment.made')
    return made
  }

  async function append(line: string, fresh: boolean): Promise<void> {
    step('log.line.begun')
    const begins = !file || (fresh && size > 0)
    const target = !file || begins ? await begin() : file
    if (torn) await target.truncate(size)
    torn = true
    const bytes = Buffer.from(`${line}\n`)
    await target.write(bytes, 0, bytes.length, size)
    step('log.line.written')
    await target.sync()
    step('log.line.synced')
    // Also where the file was made before a crash: nobody knows then whether the folder has it.
    if (size === 0) {
      await syncFolder(folder)
      step('log.folder.synced')
    }
    torn = false
    size += bytes.length
    step('log.line.kept')
  }

  return {
    last: () => last,
    size: () => size,
    append,
    async lines(segment) {
      const bytes = await readFile(segmentPath(folder, segment))
      const lines = bytes
        .subarray(0, segment === last ? size : bytes.length)
        .toString('utf8')
        .split('\n')
      // What follows the last newline is no line yet.
      lines.pop()
      return lines
    },
    async drop(segment) {
      await unlink(segmentPath(folder, segment))
      await syncFolder(folder)
    },
    close: async () => {
      await file?.close()
      file = undefined
    },
  }
}

/** Removes what a crash left behind the last whole line; the size that remains. */
async function cutTornLine(path: string): Promise<number> {
  const bytes = await readFile(path)
  let end = bytes.lastIndexOf(NEWLINE) + 1
  // A power cut may leave a last line of the right length and without its content.
  while (end > 0 && !isJson(bytes.toString('utf8', lineStart(bytes, end), end - 1)))
    end = lineStart(bytes, end)
  if (end < bytes.length) await truncate(path, end)
  return end
}

/** Where the line begins that ends with the newline before `end`. */
const lineStart = (bytes: Buffer, end: number): number => bytes.subarray(0, end - 1).lastIndexOf(NEWLINE) + 1

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
