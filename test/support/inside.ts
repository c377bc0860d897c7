import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Measure, Question } from './inside-process.ts'
import { until } from './wait.ts'

export type { Measure } from './inside-process.ts'

/** A program that was started with `insideOf(path)`, looked into and moved in time. */
export type Inside = {
  measure(): Promise<Measure>
  /** Lets so many ms pass in it at once; resolves when what was due has begun. */
  advance(ms: number): Promise<void>
  /** Tells another preload of the same program something. */
  set(name: string, value: number): Promise<void>
  snapshot(path: string): Promise<void>
  close(): void
}

/** How to start the program; `path` is of a socket that is not there yet. */
export const insideOf = (path: string): { nodeArgs: string[]; env: { INSIDE_SOCKET: string } } => ({
  nodeArgs: ['--expose-gc', '--import', join(import.meta.dirname, 'inside-process.ts')],
  env: { INSIDE_SOCKET: path },
})

export async function lookInside(path: string): Promise<Inside> {
  const socket = await until(() => tryConnect(path), { timeout: 30_000, what: 'a way into the process' })
  const waiting: PromiseWithResolvers<unknown>[] = []
  createInterface({ input: socket }).on('line', line => waiting.shift()?.resolve(JSON.parse(line)))
  socket.on('close', () => {
    for (const each of waiting.splice(0)) each.reject(new Error('the process ended'))
  })
  const ask = (question: Question): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    waiting.push(answer)
    socket.write(`${JSON.stringify(question)}\n`)
    return answer.promise
  }
  return {
    measure: () => ask({ do: 'measure' }) as Promise<Measure>,
    advance: async ms => void (await ask({ do: 'advance', ms })),
    set: async (name, value) => void (await ask({ do: 'set', name, value })),
    snapshot: async target => void (await ask({ do: 'snapshot', path: target })),
    close: () => socket.destroy(),
  }
}

const tryConnect = (path: string): Promise<Socket | undefined> =>
  new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined))
  })
