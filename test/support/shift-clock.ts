import { readFileSync } from 'node:fs'

/**
 * Preloaded into an agent (`--import`): its system clock is wrong by the seconds in the file CLOCK_FILE, which is
 * read again ten times a second. Monotonic time is left alone, as it is by whoever sets a clock.
 */
const file = process.env.CLOCK_FILE ?? ''
const RealDate = Date
let shift = 0

function read(): void {
  try {
    shift = Number(readFileSync(file, 'utf8')) * 1000 || 0
  } catch {
    // being written at this moment
  }
}
read()
setInterval(read, 100).unref()

const now = (): number => RealDate.now() + shift
globalThis.Date = new Proxy(RealDate, {
  construct: (target, values: unknown[]) => Reflect.construct(target, values.length > 0 ? values : [now()]),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
