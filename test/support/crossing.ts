import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { PassThrough, type Readable } from 'node:stream'

const PIPE = 'const pipe = child.stdio[FRAME_FD] as Readable'
const CHECK = "if (!known) throw new RangeError('not the pipe of this process')"
/** The other process has been started by then, or never is. */
const ALONE_MS = 5000

/**
 * From here on the first two media processes of this program have their pipes crossed; what a camera gets after a restart
 * is its own again. Call it before the agent's sources are imported. `unchecked`: the agent does not look.
 */
export function crossPipes(unchecked: boolean): void {
  let left = 2
  crossWhen(() => left-- > 0, unchecked ? '' : CHECK)
}

/**
 * Pipes of media processes are crossed in pairs, those that `isDue` says; one that finds no other in time gets its own.
 * @param check what stands in the place of the agent's own check
 */
export function crossWhen(isDue: () => boolean, check: string, onCrossed = (): void => undefined): void {
  let waiting: { from: Readable; to: PassThrough; alone: NodeJS.Timeout } | undefined
  ;(globalThis as { cross?: unknown }).cross = (from: Readable): Readable => {
    if (!isDue()) return from
    const to = new PassThrough()
    if (!waiting) {
      const alone = setTimeout(() => {
        waiting = undefined
        from.pipe(to)
      }, ALONE_MS)
      waiting = { from, to, alone }
      return to
    }
    clearTimeout(waiting.alone)
    waiting.from.pipe(to)
    from.pipe(waiting.to)
    waiting = undefined
    onCrossed()
    return to
  }
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.endsWith('/media/source.ts')) return nextLoad(url, context)
      const text = readFileSync(new URL(url), 'utf8')
      const crossed = replace(text, PIPE, 'const pipe = globalThis.cross(child.stdio[FRAME_FD])')
      return { format: 'module-typescript', source: replace(crossed, CHECK, check), shortCircuit: true }
    },
  })
}

function replace(source: string, text: string, by: string): string {
  if (!source.includes(text)) throw new Error(`source.ts does not hold ${text}`)
  return source.replace(text, by)
}
