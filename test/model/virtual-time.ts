import { AsyncLocalStorage } from 'node:async_hooks'

/** A device that runs code of its own: its clock may be wrong, and a dead one runs no more. */
export type Device = { name: string; skewMs: number; dead: boolean }

const devices = new AsyncLocalStorage<Device>()
const realSetImmediate = setImmediate

/** Runs `work`, and whatever it starts, as this device. */
export const as = <T>(device: Device, work: () => T): T => devices.run(device, work)

type Timer = {
  at: number
  every: number | undefined
  run: () => void
  device: Device | undefined
  id: number
}

const EPOCH_MS = 1_800_000_000_000
let elapsed = 0
let ids = 0
const timers = new Map<number, Timer>()

/** True milliseconds since the epoch. */
export const trueNow = (): number => EPOCH_MS + elapsed
/** Milliseconds since the run began. */
export const monotonic = (): number => elapsed

function add(run: () => void, ms: number, every: number | undefined): number {
  const id = ++ids
  timers.set(id, { at: elapsed + Math.max(0, ms), every, run, device: devices.getStore(), id })
  return id
}

export function installVirtualTime(): void {
  const put = (target: object, name: string, value: unknown): void =>
    void Object.defineProperty(target, name, { value, configurable: true, writable: true })
  put(globalThis, 'setTimeout', (run: () => void, ms = 0) => add(run, ms, undefined))
  put(globalThis, 'setInterval', (run: () => void, ms = 0) => add(run, ms, ms))
  put(globalThis, 'clearTimeout', (id: number) => timers.delete(id))
  put(globalThis, 'clearInterval', (id: number) => timers.delete(id))
  put(Date, 'now', () => trueNow() + (devices.getStore()?.skewMs ?? 0))
  put(performance, 'now', () => elapsed)
  put(performance, 'mark', () => undefined)
}

export function resetTime(): void {
  elapsed = 0
  ids = 0
  timers.clear()
}

/** Until nothing more happens without time or a message: all crypto here is synchronous, so microtasks are all. */
export const settle = (): Promise<void> => new Promise(resolve => realSetImmediate(resolve))

/** Lets time pass. A timer that repeats runs once for the whole of it, at its end. */
export async function pass(ms: number): Promise<void> {
  const end = elapsed + ms
  for (;;) {
    const due = [...timers.values()]
      .filter(timer => timer.every === undefined && timer.at <= end)
      .sort((a, b) => a.at - b.at || a.id - b.id)[0]
    if (!due) break
    timers.delete(due.id)
    elapsed = Math.max(elapsed, due.at)
    await fire(due)
  }
  elapsed = end
  for (const timer of [...timers.values()].filter(each => each.every !== undefined && each.at <= end)) {
    timer.at = end + (timer.every ?? 0)
    await fire(timer)
  }
}

async function fire({ device, run }: Timer): Promise<void> {
  if (device?.dead) return
  if (device) as(device, run)
  else run()
  await settle()
}
