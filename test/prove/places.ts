import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createSearch, type Findings, type Needle } from './needles.ts'

const CHUNK = 1024 * 1024
const ZEROS = Buffer.alloc(CHUNK)

/** Everything below a folder, or one file. */
export function searchFiles(path: string, needles: readonly Needle[]): Findings {
  const search = createSearch(needles)
  for (const file of filesBelow(path)) {
    search.cut()
    const handle = openSync(file, 'r')
    try {
      const chunk = Buffer.alloc(CHUNK)
      for (let size = readSync(handle, chunk); size > 0; size = readSync(handle, chunk))
        search.add(chunk.subarray(0, size))
    } finally {
      closeSync(handle)
    }
  }
  return search.end()
}

export function searchText(text: string, needles: readonly Needle[]): Findings {
  const search = createSearch(needles)
  search.add(Buffer.from(text))
  return search.end()
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

/**
 * Writes all memory of a process that can be read into a file, while it stands still: heap, stacks, buffers, mapped files
 * (proc(5), /proc/pid/maps and /proc/pid/mem). Pages that were never written are left out.
 */
export function dumpMemory(pid: number, path: string): void {
  const dump = openSync(path, 'a', 0o600)
  process.kill(pid, 'SIGSTOP')
  try {
    const memory = openSync(`/proc/${pid}/mem`, 'r')
    try {
      for (const region of regionsOf(pid))
        readRegion(memory, region, chunk => {
          if (!chunk.equals(ZEROS.subarray(0, chunk.length))) writeSync(dump, chunk)
        })
    } finally {
      closeSync(memory)
    }
  } finally {
    process.kill(pid, 'SIGCONT')
    closeSync(dump)
  }
}

type Region = { from: number; to: number }

function regionsOf(pid: number): Region[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, from, to, may, name = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? []
      // [vvar] and [vsyscall] belong to the kernel and cannot be read this way.
      if (!from || !to || !may?.startsWith('r') || /^\[v/.test(name)) return []
      return { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }
    })
}

function readRegion(memory: number, region: Region, onChunk: (chunk: Buffer) => void): void {
  const chunk = Buffer.alloc(Math.min(CHUNK, region.to - region.from))
  for (let at = region.from; at < region.to; ) {
    let size: number
    try {
      size = readSync(memory, chunk, 0, Math.min(chunk.length, region.to - at), at)
    } catch {
      // A page that is gone, or that a device backs.
      return
    }
    if (size === 0) return
    onChunk(chunk.subarray(0, size))
    at += size
  }
}
