const TICKS_PER_MS = 90
/** What has come in this time is what a source is judged by, ms. */
const WINDOW_MS = 5000
const ENOUGH = 10
/** Times between pictures that differ by so much are felt by a browser: it moves sound for them, and waits, ms. */
const UNEVEN_MS = 60
/** No picture waits longer than this for the others' sake, ms. */
const MOST_MS = 300

/**
 * When a picture of an uneven source leaves, so that all are equally late. A demuxer knows that a picture is whole when
 * the next begins: one of a camera whose pace changes comes 40 ms after its time, and the next 250. A browser waits as
 * long as the latest of them anyhow, but moves sound by each single one. What comes at an even pace never waits.
 */
export function createPicturePace(now: () => number = () => performance.now()) {
  let seen: { at: number; came: number }[] = []
  return {
    /** @param ticks where the picture lies on its source's line, 90 kHz; the answer is by `now`, which is at once */
    due(ticks: number): number {
      const came = now()
      const at = ticks / TICKS_PER_MS
      seen = [...seen.filter(each => each.came > came - WINDOW_MS), { at, came }]
      if (seen.length < ENOUGH) return came
      const apart = sorted(seen.slice(1).map((each, i) => each.at - (seen[i]?.at ?? 0)))
      if (part(apart, 0.9) - part(apart, 0.1) < UNEVEN_MS) return came
      const late = sorted(seen.map(each => each.came - each.at))
      return Math.min(Math.max(came, at + part(late, 0.9)), came + MOST_MS)
    },
    reset(): void {
      seen = []
    },
  }
}

const sorted = (values: number[]) => values.sort((one, other) => one - other)
const part = (values: number[], of: number) => values[Math.floor(values.length * of)] ?? 0
