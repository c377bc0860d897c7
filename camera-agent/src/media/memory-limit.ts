import { readFile } from 'node:fs/promises'

/** What the process of one camera may hold: a decoder of the largest pictures, and as much again. */
export const MOST_BYTES = 1_500_000_000
const LOOK_MS = 3000

/**
 * Looks every few seconds how much memory a process holds, and calls `onOver` once when it is too much: a hostile stream
 * is to cost its own camera the picture, and the other cameras nothing. Where there is no /proc nothing is limited.
 * @returns the way to stop looking
 */
export function limitMemory(
  pid: number | undefined,
  onOver: () => void,
  most = MOST_BYTES,
  everyMs = LOOK_MS,
): () => void {
  const look = async () => {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const bytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
    if (bytes <= most) return
    stop()
    onOver()
  }
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  const stop = () => clearInterval(timer)
  return stop
}
