import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { PassThrough, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A program: two cameras of one agent whose pipes of pictures are crossed. Prints a JSON line with, for each, the states
 * of its source and the cameras its pictures bear the mark of. With the argument `unchecked` the agent does not look.
 */
const PIPE = 'const pipe = child.stdio[FRAME_FD] as Readable'
const CHECK = "if (!known) throw new RangeError('not the pipe of this process')"
const PICTURES = 12
const MOST_MS = 40_000

const crossings: { from: Readable; to: PassThrough }[] = []
;(globalThis as { cross?: unknown }).cross = (from: Readable): PassThrough => {
  const crossing = { from, to: new PassThrough() }
  crossings.push(crossing)
  const [one, other] = crossings
  // Only the first two: what a camera gets after a restart is its own again.
  if (one && other && crossings.length === 2) {
    one.from.pipe(other.to)
    other.from.pipe(one.to)
  } else if (crossings.length > 2) from.pipe(crossing.to)
  return crossing.to
}
const replace = (source: string, text: string, by: string): string => {
  if (!source.includes(text)) throw new Error(`source.ts does not hold ${text}`)
  return source.replace(text, by)
}
registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('/media/source.ts')) return nextLoad(url, context)
    const text = readFileSync(new URL(url), 'utf8')
    const crossed = replace(text, PIPE, 'const pipe = globalThis.cross(child.stdio[FRAME_FD])')
    const source = process.argv[2] === 'unchecked' ? replace(crossed, CHECK, '') : crossed
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})

const { marksOf, openShare, view } = await import('./share-watcher.ts')
const { cameraTag } = await import('@ownsight/camera-agent/media/mark')
const cameras = ['cam-a', 'cam-b'].map(camId => {
  const config = { kind: 'test-pattern', width: 320, height: 180, fps: 10 } as const
  const { share, statuses } = openShare(config, { camId })
  return { camId, share, statuses, viewer: view(share) }
})
const names = new Map(cameras.map(({ camId }) => [cameraTag(camId), camId]))
const end = performance.now() + MOST_MS
while (cameras.some(({ viewer }) => viewer.frames.length < PICTURES) && performance.now() < end)
  await sleep(50)
const story = []
for (const { camId, share, statuses, viewer } of cameras) {
  const marks = await marksOf('h264', viewer.frames)
  const seen = marks.map(mark => mark && (names.get(mark.camera) ?? 'unknown'))
  const codes = statuses.map(({ state, code }) => [state, code].filter(Boolean).join(' '))
  story.push({ camId, codes, seen: [...new Set(seen)] })
  await share.close()
}
process.stdout.write(`${JSON.stringify(story)}\n`)
