import { type Clock, judgeClock } from '@ownsight/protocol/policy'

/** The camera's idea of time: a floor that only rises, and a system clock believed only when it is plausible. */
export type CameraClock = {
  read(): Clock
  /** seconds; the floor as it is now, for storing */
  floor(): number
  raise(seconds: number): void
}

export function startClock(
  stored: number,
  system = () => Date.now() / 1000,
  monotonic = () => performance.now() / 1000,
): CameraClock {
  let base = stored
  let since = monotonic()
  const floor = (): number => Math.floor(base + (monotonic() - since))
  return {
    floor,
    read: () => judgeClock(Math.floor(system()), floor()),
    raise(seconds) {
      if (seconds <= floor()) return
      base = seconds
      since = monotonic()
    },
  }
}
