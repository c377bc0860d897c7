import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Counted, FromReceivers, FromSender, SenderStats, ToReceivers, ToSender } from './messages.ts'

/** One sender and its viewers, each in a process of its own. */
export type Stage = {
  /** Makes so many more viewers. @returns ids of those that were refused, with the reason that each was told */
  add(viewers: number): Promise<Map<number, string>>
  /** Takes so many of them away again. */
  drop(viewers: number): void
  play(): void
  /** everything since the last call */
  measure(ms: number): Promise<Measured>
  close(): Promise<void>
}

export type Measured = {
  ms: number
  /** CPU of the sender's process, all threads, ms */
  cpu: number
  receiversCpu: number
  /** packets of pictures that arrived, and bytes of them */
  packets: number
  bytes: number
  others: number
  /** of each viewer that is connected: packets in this time */
  each: readonly number[]
  checked: number
  bad: number
  stats: SenderStats
}

const AT_ONCE = 8
const ANSWER_MS = 60_000
/** werift's handshake hangs at times when a datagram comes twice: then that viewer comes once more. */
const CONNECT_MS = 15_000
const TRIES = 4

/** @param command program and arguments of the sender */
export function openStage(command: readonly string[]): Stage {
  const [program = '', ...args] = command
  const sender = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const receivers = fork(join(import.meta.dirname, 'receivers.ts'), { stdio: 'inherit' })
  const fromSender = listenLines(sender)
  const fromReceivers = listenIpc(receivers)
  const toSender = (message: ToSender): void => void sender.stdin.write(`${JSON.stringify(message)}\n`)
  const toReceivers = (message: ToReceivers): void => {
    // Whoever is still on the way in when all ends has nobody to tell.
    if (receivers.connected) receivers.send(message)
  }
  const connected = new Set<number>()
  let next = 0
  let last = new Map<number, Counted>()

  async function addOne(refused: Map<number, string>): Promise<void> {
    for (let tries = 1; !(await tryOne(refused)); tries++)
      if (tries === TRIES) throw new Error(`a viewer was not connected in ${TRIES} tries`)
  }
  /** @returns whether this one is settled, let in or refused */
  async function tryOne(refused: Map<number, string>): Promise<boolean> {
    const id = next++
    toReceivers({ do: 'offer', id })
    const offer = await fromReceivers(each => each.is === 'offer' && each.id === id)
    toSender({ do: 'offer', id, sdp: offer.is === 'offer' ? offer.sdp : '' })
    const reply = await fromSender(each => (each.is === 'answer' || each.is === 'refused') && each.id === id)
    if (reply.is === 'refused') {
      refused.set(id, reply.reason)
      toReceivers({ do: 'drop', id })
    }
    if (reply.is !== 'answer') return true
    const through = Promise.all([
      fromReceivers(each => each.is === 'connected' && each.id === id, CONNECT_MS),
      fromSender(each => each.is === 'ready' && each.id === id, CONNECT_MS),
    ])
    through.catch(() => undefined)
    toReceivers({ do: 'answer', id, sdp: reply.sdp })
    try {
      await through
      connected.add(id)
      return true
    } catch {
      toSender({ do: 'drop', id })
      toReceivers({ do: 'drop', id })
      return false
    }
  }
  async function count(): Promise<Map<number, Counted>> {
    const counted = fromReceivers(each => each.is === 'count')
    toReceivers({ do: 'count' })
    const reply = await counted
    return new Map(
      (reply.is === 'count' ? reply.viewers : [])
        .filter(({ id }) => connected.has(id))
        .map(each => [each.id, each]),
    )
  }
  const cpus = () => ({ sender: cpuOf(sender.pid ?? 0), receivers: cpuOf(receivers.pid ?? 0) })

  return {
    async add(viewers) {
      const refused = new Map<number, string>()
      let left = viewers
      const one = async (): Promise<void> => {
        while (left-- > 0) await addOne(refused)
      }
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, viewers) }, one))
      return refused
    },
    drop(viewers) {
      for (const id of [...connected].slice(-viewers)) {
        connected.delete(id)
        toSender({ do: 'drop', id })
        toReceivers({ do: 'drop', id })
      }
    },
    play: () => toSender({ do: 'play' }),
    async measure(ms) {
      last = await count()
      const [before, at] = [cpus(), performance.now()]
      await new Promise(resolve => setTimeout(resolve, ms))
      const [now, took, after] = [await count(), performance.now() - at, cpus()]
      const stats = fromSender(each => each.is === 'stats')
      toSender({ do: 'stats' })
      const told = await stats
      if (told.is !== 'stats') throw new Error('the sender gave no figures')
      const gained = (of: 'packets' | 'bytes' | 'others'): number[] =>
        [...now.values()].map(each => each[of] - (last.get(each.id)?.[of] ?? 0))
      const all = [...now.values()]
      return {
        ms: took,
        cpu: after.sender - before.sender,
        receiversCpu: after.receivers - before.receivers,
        packets: sum(gained('packets')),
        bytes: sum(gained('bytes')),
        others: sum(gained('others')),
        each: gained('packets'),
        checked: sum(all.map(({ checked }) => checked)),
        bad: sum(all.map(({ bad }) => bad)),
        stats: told,
      }
    },
    close: async () => {
      await Promise.all([
        ended(sender, () => sender.stdin.end()),
        ended(receivers, () => receivers.disconnect()),
      ])
    },
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** CPU that all threads of a process have taken so far, ms: to the nanosecond, where proc_pid_stat(5) counts in 10 ms. */
function cpuOf(pid: number): number {
  const folder = `/proc/${pid}/task`
  const spent = readdirSync(folder).map(task => readFileSync(join(folder, task, 'schedstat'), 'utf8'))
  return sum(spent.map(text => Number(text.split(' ')[0]))) / 1e6
}

type Listen<M> = (wanted: (message: M) => boolean, ms?: number) => Promise<M>

function listening<M>(name: string, child: ChildProcess): { hear(message: M): void; listen: Listen<M> } {
  const waiting = new Set<(message: M) => void>()
  child.setMaxListeners(0)
  return {
    hear: message => {
      for (const each of [...waiting]) each(message)
    },
    listen: (wanted, ms = ANSWER_MS) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          waiting.delete(look)
          child.off('exit', fail)
          clearTimeout(timer)
        }
        const fail = (): void => {
          end()
          reject(new Error(`${name} ended, or said nothing for ${ms / 1000} s`))
        }
        const look = (message: M): void => {
          if (!wanted(message)) return
          end()
          resolve(message)
        }
        const timer = setTimeout(fail, ms)
        child.once('exit', fail)
        waiting.add(look)
      }),
  }
}

function listenLines(child: ChildProcess): Listen<FromSender> {
  const { hear, listen } = listening<FromSender>('the sender', child)
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.startsWith('{')) hear(JSON.parse(line))
    })
  return listen
}

function listenIpc(child: ChildProcess): Listen<FromReceivers> {
  const { hear, listen } = listening<FromReceivers>('the viewers', child)
  child.on('message', message => hear(message as FromReceivers))
  return listen
}

async function ended(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  ask()
  const insist = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exit
  clearTimeout(insist)
}
