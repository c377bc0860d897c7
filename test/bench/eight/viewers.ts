import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { FromViewers, Person, Place, Seen, ToViewers, Visit } from './messages.ts'

/** The viewers of one process, in which all of them can be killed at once. */
export type Viewers = {
  /** `killed` when they are, before it is over. @param onStay when one without an end is live */
  visit(visit: Visit, onStay?: () => void): Promise<Seen>
  /** Resolves when those who stay have spoken with their cameras. */
  turn(): Promise<void>
  /** As phones whose batteries are taken out; then they are switched on again. */
  kill(): Promise<void>
  close(): Promise<void>
}

const KILLED: Seen = { own: 0, foreign: 0, unread: 0, code: 'killed' }

export async function openViewers(place: Place, people: readonly Person[]): Promise<Viewers> {
  const visits = new Map<number, PromiseWithResolvers<Seen> & { onStay: () => void }>()
  let isKilled = false
  let onTurned = (): void => undefined
  let count = 0
  let child = await start()

  async function start(): Promise<ChildProcess> {
    const made = fork(join(import.meta.dirname, 'viewer-process.ts'), { stdio: 'inherit' })
    const connected = Promise.withResolvers<void>()
    made.on('message', (message: FromViewers) => {
      if (message.is === 'connected') connected.resolve()
      if (message.is === 'turned') onTurned()
      if (message.is === 'seen') {
        visits.get(message.id)?.resolve(message.seen)
        visits.delete(message.id)
      }
      if (message.is === 'staying') visits.get(message.id)?.onStay()
    })
    made.once('exit', () => {
      connected.reject(new Error('the process of viewers ended'))
      onTurned()
      for (const { resolve, reject } of visits.values()) {
        if (isKilled) resolve(KILLED)
        else reject(new Error('the process of viewers ended'))
      }
      visits.clear()
    })
    made.send({ do: 'connect', place, people } satisfies ToViewers)
    await connected.promise
    return made
  }
  const tell = (message: ToViewers): void => void (child.connected && child.send(message))
  const end = async (how: () => void): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    how()
    await exit
  }
  return {
    visit: (visit, onStay = () => undefined) => {
      const id = count++
      const made = Promise.withResolvers<Seen>()
      if (!child.connected && !isKilled) made.reject(new Error('the process of viewers ended'))
      else if (isKilled) made.resolve(KILLED)
      else visits.set(id, { ...made, onStay })
      tell({ do: 'visit', id, visit })
      return made.promise
    },
    turn: () =>
      new Promise(resolve => {
        onTurned = resolve
        if (child.connected) tell({ do: 'turn' })
        else resolve()
      }),
    kill: async () => {
      isKilled = true
      await end(() => child.kill('SIGKILL'))
      child = await start()
      isKilled = false
    },
    close: () => {
      isKilled = true
      return end(() => child.kill('SIGKILL'))
    },
  }
}
