import { write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** What nobody has taken yet of the lines, bytes; more of them are lost rather than that the server waits. */
const UNWRITTEN_MAX = 1024 * 1024
/** Between two tries. */
const AGAIN_MS = 100
/** For what is unwritten at the end of the process. */
const LAST_MS = 1000

let stderr: DestinationStream | undefined

/**
 * Never waits, and never fails: whoever reads stderr may stop for a while, or for good, and a disk may be full. What
 * cannot be written is tried again, and is lost once the process ends or there is too much of it.
 *
 * Not pino's own destination: its flush at the end of the process tries for ever, whatever the error is.
 */
export function toStderr(): DestinationStream {
  // To look at it is what makes a pipe say EAGAIN; else a write to one that is full would wait, here and at the end.
  const { fd = 2 } = process.stderr
  stderr ??= openWriter(fd)
  return stderr
}

function openWriter(fd: number): DestinationStream {
  let lines: string[] = []
  /** taken from `lines`, and not written yet */
  let chunk: Buffer = Buffer.alloc(0)
  /** bytes of both */
  let unwritten = 0
  let state: 'idle' | 'writing' | 'waiting' = 'idle'

  const take = (): Buffer => {
    const rest = Buffer.concat([chunk, Buffer.from(lines.join(''))])
    lines = []
    return rest
  }
  const next = (): void => {
    state = 'writing'
    if (chunk.length === 0) chunk = take()
    write(fd, chunk, (error, written) => {
      if (error) {
        state = 'waiting'
        setTimeout(next, AGAIN_MS).unref()
        return
      }
      unwritten -= written
      chunk = chunk.subarray(written)
      if (unwritten > 0) next()
      else state = 'idle'
    })
  }
  process.once('exit', () => {
    // Another thread is still at this one, and it ends before the process does.
    if (state === 'writing') chunk = Buffer.alloc(0)
    writeLast(fd, take())
  })

  return {
    write: line => {
      const size = Buffer.byteLength(line)
      if (unwritten + size > UNWRITTEN_MAX) return
      unwritten += size
      lines.push(line)
      if (state === 'idle') next()
    },
  }
}

/** Nothing else happens any more: it may wait, but not for long. */
function writeLast(fd: number, bytes: Buffer): void {
  const end = performance.now() + LAST_MS
  const pause = new Int32Array(new SharedArrayBuffer(4))
  let rest = bytes
  while (rest.length > 0 && performance.now() < end)
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(pause, 0, 0, AGAIN_MS)
    }
}
