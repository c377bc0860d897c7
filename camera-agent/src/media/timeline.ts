/** RTP clock of video, ticks per second (RFC 6184 §8.2.1, RFC 7741 §6.1). */
const CLOCK = 90_000
const MAX_GAP = 2 * CLOCK
const WRAP = 2 ** 32

/**
 * Maps the ticks of successive runs of one source to one RTP timestamp line that only moves forward: after a
 * restart, or a jump of the source's own clock, it goes on at wall-clock pace.
 */
export function createTimeline(now: () => number = () => performance.now()) {
  let offset: number | undefined
  let last = -1
  const start = now()
  const wall = () => Math.round(((now() - start) * CLOCK) / 1000)
  return {
    /** The source was opened anew: its next tick has no relation to the last. */
    restart: () => {
      offset = undefined
    },
    /** Where sound at `ticks` lies on the same line, not wrapped; undefined while there is no picture to go by. */
    at: (ticks: number): number | undefined => {
      const at = offset === undefined ? undefined : ticks + offset
      return at === undefined || at < 0 || Math.abs(at - last) > MAX_GAP ? undefined : at
    },
    /** The 32-bit timestamp of a frame at `ticks` (90 kHz) of the running source. */
    map: (ticks: number): number => {
      const at = offset === undefined ? undefined : ticks + offset
      if (at === undefined || at - last > MAX_GAP || last - at > MAX_GAP) {
        offset = Math.max(wall(), last + 1) - ticks
      }
      const mapped = ticks + (offset ?? 0)
      last = Math.max(last, mapped)
      return ((mapped % WRAP) + WRAP) % WRAP
    },
  }
}
