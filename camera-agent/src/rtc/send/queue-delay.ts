const BUCKET_MS = 2000
const BUCKETS = 6
const RECENT_MS = 50
const RECENT_MIN = 2
const NOISE_SAMPLES = 150
const NOISE_PART = 0.25
const NOISE_EVERY = 8
const NOISE_MAX_MS = 60
const LARGE_BYTES = 700
/** A packet that waited this long, at least, left the link right after the one before it. */
const WAITED_MS = 8
const BUSY_MS = 60
const BUSY_SLOW_MS = 120
const BUSY_MIN = 4
const BUSY_OLD_MS = 400
const SQUEEZED = 2
const ROUNDING_MS = 2

export type Arrived = { sentAt: number; receivedAt: number; size: number }
type Busy = { at: number; size: number; ms: number; sentMs: number }
type Sample = { at: number; delay: number; size: number }

/**
 * How long a packet waits in the path's queue at present: its one-way delay over the least one of the last ten
 * seconds. Only differences are used, so the two clocks need not agree; their drift in that time is under a
 * millisecond. The least of a few packets stands for all of them, so that jitter is not taken for a queue; large packets
 * are compared with large ones, for on a slow link they take longer by themselves.
 */
export function createQueueDelay() {
  let bases = { large: createBase(), small: createBase() }
  let recent: (Sample & { waited: number; sentAt: number })[] = []
  let readings: { least: number; mean: number }[] = []
  /** a packet that waited longer than they usually do found the link busy */
  let usual = WAITED_MS
  let noise = 0
  let sinceNoise = 0
  /** packets that found the link busy, and for how long it was busy with each */
  let busy: Busy[] = []

  function waited(sample: Sample, bps: number): number {
    const base = bases[sample.size < LARGE_BYTES ? 'small' : 'large']
    base.add(sample)
    const least = base.least()
    const longer = (Math.max(0, sample.size - least.size) * 8000) / bps
    return Math.max(0, sample.delay - least.delay - longer)
  }
  function note(sample: (typeof recent)[number], before: (typeof recent)[number]): void {
    const { at, size } = sample
    busy.push({ at, size, ms: at - before.at, sentMs: sample.sentAt - before.sentAt })
    while (enough(busy, 1)) busy.shift()
  }
  function judgeNoise(): void {
    sinceNoise = 0
    const least = readings.map(reading => reading.least)
    const mean = readings.map(reading => reading.mean)
    noise = share(least, NOISE_PART)
    usual = Math.min(Math.max(WAITED_MS, 1.5 * share(mean, 0.5)), NOISE_MAX_MS)
  }
  function lately(): typeof busy {
    const newest = recent.at(-1)?.at ?? 0
    return busy.filter(({ at }) => newest - at < BUSY_OLD_MS)
  }

  return {
    /**
     * @param bps what the link is thought to carry
     * @param follows nothing of which is unknown where it is went before it
     */
    add({ sentAt, receivedAt, size }: Arrived, bps: number, follows: boolean): void {
      const before = recent.at(-1)
      const sample = { at: receivedAt, delay: receivedAt - sentAt, size, waited: 0, sentAt }
      sample.waited = waited(sample, bps)
      recent.push(sample)
      while (recent.length > RECENT_MIN && receivedAt - (recent[0]?.at ?? 0) > RECENT_MS) recent.shift()
      if (!follows || !before || sample.waited < usual || receivedAt < before.at) return
      // It was there before the one in front of it had left.
      const own = (size * 8000) / bps + ROUNDING_MS
      if (receivedAt - before.at <= sample.waited + own) note(sample, before)
    },
    /** To be read once for each feedback. What a quarter of the readings do not fall below is no queue of ours. */
    ms(): number {
      if (recent.length === 0) return 0
      const waits = recent.map(sample => sample.waited)
      const now = Math.min(...waits)
      readings.push({ least: now, mean: waits.reduce((sum, ms) => sum + ms, 0) / waits.length })
      if (readings.length > NOISE_SAMPLES) readings.shift()
      if (++sinceNoise >= NOISE_EVERY) judgeNoise()
      return Math.max(0, now - Math.min(noise, NOISE_MAX_MS))
    },
    /** What a single packet waits at times without there being a queue of ours. */
    usual: (): number => usual,
    /** What the link carries while it has a queue, in bits per second; undefined when it had none lately. */
    capacity(): number | undefined {
      const run = lately()
      if (!enough(run)) return undefined
      const part = steady(run)
      return (sum(part.map(each => each.size)) * 8000) / Math.max(sum(part.map(each => each.ms)), ROUNDING_MS)
    },
    /** Whether what was sent lately arrives over a multiple of the time it was sent in. */
    squeezed(): boolean {
      const run = lately()
      const part = steady(run)
      return (
        run.length >= BUSY_MIN &&
        sum(part.map(each => each.ms)) > SQUEEZED * sum(part.map(each => each.sentMs))
      )
    },
    reset(): void {
      bases = { large: createBase(), small: createBase() }
      recent = []
      busy = []
      readings = []
      usual = WAITED_MS
      noise = 0
    },
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Long enough, from its entry `from` on, to tell a rate from; on a slow link three packets are. */
function enough(run: readonly Busy[], from = 0): boolean {
  const count = run.length - from
  if (count < BUSY_MIN - 1) return false
  let all = 0
  let longest = 0
  for (let i = from; i < run.length; i++) {
    const { ms } = run[i] as Busy
    all += ms
    longest = Math.max(longest, ms)
  }
  return all - longest >= (count >= BUSY_MIN ? BUSY_MS : BUSY_SLOW_MS)
}

/** All but the longest gap: whoever stands still for a moment and then lets all go is no slow link. */
function steady(run: readonly Busy[]): Busy[] {
  let longest = 0
  for (const [i, each] of run.entries()) if (each.ms > (run[longest]?.ms ?? 0)) longest = i
  return run.filter((_, i) => i !== longest)
}

const share = (values: number[], part: number): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0

/** The least delay of the last ten seconds. */
function createBase() {
  let buckets: Sample[] = []
  return {
    add(sample: Sample): void {
      const last = buckets.at(-1)
      if (!last || sample.at - last.at > BUCKET_MS) buckets.push({ ...sample })
      else if (sample.delay < last.delay) buckets[buckets.length - 1] = { ...sample, at: last.at }
      if (buckets.length > BUCKETS) buckets = buckets.slice(1)
    },
    least: (): Sample => buckets.reduce((least, bucket) => (bucket.delay < least.delay ? bucket : least)),
  }
}
