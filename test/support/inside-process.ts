import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setImmediate as turn } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { installFastClock } from './fast-clock.ts'

/**
 * Preloaded into a program (`--expose-gc --import`): another process may ask over the socket INSIDE_SOCKET what it holds,
 * and advance its clock. Talks with `inside.ts`, a line of JSON each way.
 */
export type Question =
  /** with nothing to advance, what has come is read, and answered */
  | { do: 'advance'; ms: number }
  | { do: 'measure' }
  /** for other preloads of the same program */
  | { do: 'set'; name: string; value: number }
  /** writes a heap snapshot there */
  | { do: 'snapshot'; path: string }
export type Measure = {
  /** bytes, after everything that can be collected was */
  heap: number
  /** bytes of buffers outside the heap */
  outside: number
  rss: number
  /** what keeps the process running, by kind */
  resources: { [kind: string]: number }
  /** what other preloads count, and what they were told */
  counts: { [name: string]: number }
}

declare global {
  var counting: { [name: string]: number }
}
globalThis.counting ??= {}

const clock = installFastClock()
const collect = (globalThis as { gc?: (how: object) => void }).gc
if (!collect) throw new Error('start it with --expose-gc')

async function measure(): Promise<Measure> {
  // What a finalizer lets go is collected the next time.
  for (let i = 0; i < 4; i++) {
    // Code that was compiled long ago goes too: how much of it there is depends on what ran last.
    collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await turn()
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  const resources: { [kind: string]: number } = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return { heap: heapUsed, outside: external, rss, resources, counts: { ...counting } }
}

async function answer(question: Question): Promise<object> {
  if (question.do === 'measure') return measure()
  if (question.do === 'snapshot') return { path: writeHeapSnapshot(question.path) }
  if (question.do === 'set') {
    counting[question.name] = question.value
    return {}
  }
  clock.advance(question.ms)
  // What was due has been called when this is answered, and what came meanwhile has been read.
  await new Promise(resolve => setTimeout(resolve, 1))
  await turn()
  return {}
}

// A program that starts itself again in its own place (signaling's allocator.ts) comes by here twice.
rmSync(process.env.INSIDE_SOCKET ?? '', { force: true })
createServer(socket => {
  socket.unref().on('error', () => undefined)
  createInterface({ input: socket }).on('line', line => {
    void answer(JSON.parse(line)).then(said => socket.write(`${JSON.stringify(said)}\n`))
  })
})
  .listen(process.env.INSIDE_SOCKET)
  .unref()
