/** Further from the count than this and the source has left something out, or begun anew. */
const MAX_DRIFT = 25 * 90

/**
 * Times of sound by counting what there is of it: a container rounds them, and a receiver takes half a millisecond of
 * rounding for a gap. Ticks at 90 kHz; never further than 25 ms from what the source says.
 */
export function createSoundClock() {
  let next: number | undefined
  return {
    /** @returns the ticks of what begins at `ticks` by the source and lasts `length` */
    take(ticks: number, length: number): number {
      const at = next !== undefined && Math.abs(ticks - next) <= MAX_DRIFT ? next : ticks
      next = at + length
      return at
    },
    reset(): void {
      next = undefined
    },
  }
}
