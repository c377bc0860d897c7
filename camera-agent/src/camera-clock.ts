import { type Clock, judgeClock } from '@ownsight/protocol/policy'

/** How near the system clock must be to the date of a policy for the two to agree; seconds. */
const AGREES_S = 86_400

/** The camera's idea of time: a floor that rises, and a system clock believed only when it is plausible. */
export type CameraClock = {
  read(): Clock
  /** milliseconds since the epoch, for the log: the system clock while it is believed, the floor otherwise */
  now(): number
  /** seconds; the floor as it is now, for storing */
  floor(): number
  raise(seconds: number): void
  /** The floor that a newer policy of this date leads to. */
  after(iat: number): number
  /** Takes over what `after` gave, once that policy is in force. */
  set(seconds: number): void
}

export function startClock(
  stored: number,
  system = () => Date.now() / 1000,
  monotonic = () => performance.now() / 1000,
): CameraClock {
  let base = stored
  let since = monotonic()
  const floor = (): number => Math.floor(base + (monotonic() - since))
  const read = (): Clock => judgeClock(Math.floor(system()), floor())
  const set = (seconds: number): void => {
    base = seconds
    since = monotonic()
  }
  return {
    floor,
    read,
    now: () => (read().plausible ? Math.floor(system() * 1000) : floor() * 1000),
    raise(seconds) {
      if (seconds <= floor()) return
      set(seconds)
    },
    after: iat => floorAfter(floor(), iat, system()),
    set,
  }
}

/**
 * A newer policy raises the floor to its date. It lowers it only where an admin's clock and the camera's own say
 * together that the floor lies ahead of the time: one wrong clock alone must not bring an expired entry back.
 */
export function floorAfter(floor: number, iat: number, system: number): number {
  if (iat >= floor) return iat
  return system < floor && Math.abs(system - iat) <= AGREES_S ? iat : floor
}
