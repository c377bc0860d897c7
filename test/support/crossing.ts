import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { PassThrough, type Readable } from 'node:stream'

const PIPE = 'const pipe = child.stdio[FRAME_FD] as Readable'
const CHECK = "if (!known) throw new RangeError('not the pipe of this process')"

/**
 * From here on the first two media processes of this program have their pipes crossed; what a camera gets after a restart
 * is its own again. Call it before the agent's sources are imported. `unchecked`: the agent does not look.
 */
export function crossPipes(unchecked: boolean): void {
  const crossings: { from: Readable; to: PassThrough }[] = []
  ;(globalThis as { cross?: unknown }).cross = (from: Readable): PassThrough => {
    const crossing = { from, to: new PassThrough() }
    crossings.push(crossing)
    const [one, other] = crossings
    if (one && other && crossings.length === 2) {
      one.from.pipe(other.to)
      other.from.pipe(one.to)
    } else if (crossings.length > 2) from.pipe(crossing.to)
    return crossing.to
  }
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.endsWith('/media/source.ts')) return nextLoad(url, context)
      const text = readFileSync(new URL(url), 'utf8')
      const crossed = replace(text, PIPE, 'const pipe = globalThis.cross(child.stdio[FRAME_FD])')
      const source = unchecked ? replace(crossed, CHECK, '') : crossed
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

function replace(source: string, text: string, by: string): string {
  if (!source.includes(text)) throw new Error(`source.ts does not hold ${text}`)
  return source.replace(text, by)
}
