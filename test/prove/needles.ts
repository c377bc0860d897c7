import { randomInt } from 'node:crypto'

/** What to look for, and what a find would mean. */
export type Needle = { readonly what: string; readonly bytes: Buffer }

const PIECE = 24
/** One piece of each so many bytes of a picture: whichever part of whichever picture is kept, some piece is in it. */
const STRIDE = 1000

/**
 * Pieces of this run's own coded pictures: 24 bytes of entropy-coded random cells do not come about by chance, so one
 * find is proof.
 */
function pieces(slices: readonly Buffer[]): Buffer[] {
  const all = slices.flatMap(slice => {
    const room = slice.length - 3 * PIECE
    if (room <= 0) return []
    const strides = Math.ceil(room / STRIDE)
    return Array.from({ length: strides }, (_, i) => {
      const from = 2 * PIECE + i * STRIDE
      const at = from + randomInt(Math.max(1, Math.min(STRIDE, room - i * STRIDE)))
      return slice.subarray(at, at + PIECE)
    })
  })
  if (all.length === 0) throw new Error('the video holds no picture to look for')
  return all
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
    ...coded.flatMap(dressed),
    ...stream.sets
      .filter(set => set.length >= 12)
      .map(bytes => ({ what: 'parameter set of the stream', bytes })),
    ...BEGINNINGS,
  ]
  return [...new Map(all.map(needle => [needle.bytes.toString('latin1'), needle])).values()]
}

/** What was found in one place, and in how many bytes of it. */
export type Findings = { readonly bytes: number; readonly found: ReadonlyMap<string, number> }

/**
 * Searches chunks that follow one another, across their edges too: one pass for all needles, by their first four bytes.
 */
export function createSearch(needles: readonly Needle[]): {
  add(chunk: Buffer): void
  /** What comes next does not follow what came before. */
  cut(): void
  end(): Findings
} {
  const longest = Math.max(...needles.map(needle => needle.bytes.length))
  const begins = new Uint8Array(65_536)
  for (const { bytes: needle } of needles) begins[needle.readUInt16BE(0)] = 1
  const byHead = Map.groupBy(needles, ({ bytes: needle }) => needle.readUInt32BE(0))
  const found = new Map<string, number>()
  let tail: Buffer = Buffer.alloc(0)
  let bytes = 0

  function lookAt(whole: Buffer, at: number): void {
    if (at + 4 > whole.length) return
    for (const { what, bytes: needle } of byHead.get(whole.readUInt32BE(at)) ?? []) {
      // What ends inside the tail was counted with the chunk before.
      const end = at + needle.length
      if (end > tail.length && end <= whole.length && whole.compare(needle, 0, needle.length, at, end) === 0)
        found.set(what, (found.get(what) ?? 0) + 1)
    }
  }
  return {
    add(chunk) {
      bytes += chunk.length
      const whole = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
      let head = whole[0] ?? 0
      for (let at = 1; at < whole.length; at++) {
        const next = whole[at] ?? 0
        if (begins[(head << 8) | next] === 1) lookAt(whole, at - 1)
        head = next
      }
      tail = Buffer.from(whole.subarray(Math.max(0, whole.length - longest + 1)))
    },
    cut() {
      tail = Buffer.alloc(0)
    },
    end: () => ({ bytes, found }),
  }
}
