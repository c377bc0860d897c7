import { randomInt } from 'node:crypto'

/** What to look for, and what a find would mean. */
export type Needle = { readonly what: string; readonly bytes: Buffer }

const PIECE = 24
const PIECES = 24
const DRESSED = 4

/**
 * Pieces of this run's own coded pictures: 24 bytes of entropy-coded random cells do not come about by chance, so one
 * find is proof.
 */
function pieces(slices: readonly Buffer[]): Buffer[] {
  const long = slices.filter(slice => slice.length > 6 * PIECE)
  if (long.length === 0) throw new Error('the video holds no picture to look for')
  return Array.from({ length: PIECES }, () => {
    const slice = long[randomInt(long.length)] ?? Buffer.alloc(0)
    const at = 2 * PIECE + randomInt(slice.length - 3 * PIECE)
    return slice.subarray(at, at + PIECE)
  })
}

/** One piece as a program might have written it down. */
function dressed(piece: Buffer): Needle[] {
  const hex = piece.toString('hex')
  // In the base64 of a longer text a piece has one of three alignments; the edges depend on what stands beside it.
  const texts = [0, 1, 2].map(shift =>
    Buffer.concat([Buffer.alloc(shift), piece])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  )
  const url = texts.map(text => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [
    { what: 'coded picture in hex', bytes: Buffer.from(hex) },
    { what: 'coded picture in hex', bytes: Buffer.from(hex.toUpperCase()) },
    { what: 'coded picture in UTF-16 hex', bytes: Buffer.from(hex, 'utf16le') },
    ...[...texts, ...url].map(text => ({ what: 'coded picture in base64', bytes: Buffer.from(text) })),
  ]
}

/**
 * How pictures begin in general. Shorter heads than these turn up by chance in hundreds of megabytes of a program's
 * memory.
 */
const BEGINNINGS: readonly Needle[] = [
  { what: 'JPEG head', bytes: Buffer.from('ffd8ffe000104a46494600', 'hex') },
  { what: 'H.264 start, baseline SPS', bytes: Buffer.from('000000016742c0', 'hex') },
  { what: 'H.264 start, IDR slice', bytes: Buffer.from('00000001658884', 'hex') },
  { what: 'VP8 key frame of this size', bytes: Buffer.from('9d012a4001b400', 'hex') },
]

/** All of it; equal bytes once. @param sets parameter sets of the stream */
export function needlesOf(stream: { slices: readonly Buffer[]; sets: readonly Buffer[] }): Needle[] {
  const coded = pieces(stream.slices)
  const all = [
    ...coded.map(bytes => ({ what: 'coded picture', bytes })),
    ...coded.slice(0, DRESSED).flatMap(dressed),
    ...stream.sets
      .filter(set => set.length >= 12)
      .map(bytes => ({ what: 'parameter set of the stream', bytes })),
    ...BEGINNINGS,
  ]
  return [...new Map(all.map(needle => [needle.bytes.toString('latin1'), needle])).values()]
}

/** What was found in one place, and in how many bytes of it. */
export type Findings = { readonly bytes: number; readonly found: ReadonlyMap<string, number> }

/** Searches chunks that follow one another, across their edges too. */
export function createSearch(needles: readonly Needle[]): {
  add(chunk: Buffer): void
  /** What comes next does not follow what came before. */
  cut(): void
  end(): Findings
} {
  const longest = Math.max(...needles.map(needle => needle.bytes.length))
  const found = new Map<string, number>()
  let tail: Buffer = Buffer.alloc(0)
  let bytes = 0
  return {
    add(chunk) {
      bytes += chunk.length
      const whole = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
      for (const { what, bytes: needle } of needles)
        for (let at = whole.indexOf(needle); at >= 0; at = whole.indexOf(needle, at + 1))
          // What ends inside the tail was counted with the chunk before.
          if (at + needle.length > tail.length) found.set(what, (found.get(what) ?? 0) + 1)
      tail = Buffer.from(whole.subarray(Math.max(0, whole.length - longest + 1)))
    },
    cut() {
      tail = Buffer.alloc(0)
    },
    end: () => ({ bytes, found }),
  }
}
