/**
 * An encoder's line of time, 90 kHz: it goes the way of the source's, but never back, for libvpx refuses a picture that
 * does not lie after the last. The first pictures of a stream with B-frames may, as their times are not all known, and
 * so may those after a jump of the camera's clock. `step` is what a picture usually lasts.
 */
export function createEncoderClock(step: number) {
  let last: number | undefined
  let offset = 0
  return {
    /** Where on that line the picture lies that is at `ticks` by the source. */
    put(ticks: number): number {
      if (last !== undefined && ticks + offset <= last) offset = last + step - ticks
      last = ticks + offset
      return last
    },
    /** The other way, for what was put since the source last went back. */
    ticksAt: (pts: number): number => pts - offset,
  }
}
