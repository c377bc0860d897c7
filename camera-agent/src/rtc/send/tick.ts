/** No divisor of the time between pictures, lest two cameras on one line probe each at the other's expense. */
export const TICK_MS = 43

/** The ticks of all viewers fall together: the process wakes for them once. One that came early is not repeated. */
export function untilTick(now: number): number {
  const wait = TICK_MS - (now % TICK_MS)
  return wait < TICK_MS / 2 ? wait + TICK_MS : wait
}
