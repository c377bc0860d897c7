import { createHash } from 'node:crypto'

/**
 * Access units of a camera's stream, one second long, to be played over and over: one key picture with its parameter
 * sets, then others of even size. What is in them is noise, for nothing decodes it; a clip is the same each time.
 */
export type Clip = { readonly fps: number; readonly units: readonly Buffer[] }

const FPS = 25
const KEY_PART = 0.12
const PARAMETER_SETS = Buffer.from(
  '0000000167 42e01f da01 4016e8 0000000168 ce3c80'.replaceAll(' ', ''),
  'hex',
)
const KEY = Buffer.from('0000000165', 'hex')
const OTHER = Buffer.from('0000000141', 'hex')

/** @param bps bits per second of the stream itself, no headers counted */
export function makeClip(bps: number): Clip {
  const bytes = bps / 8
  const key = Math.round(bytes * KEY_PART)
  const other = Math.round((bytes - key) / (FPS - 1))
  const units = Array.from({ length: FPS }, (_, i) =>
    i === 0 ? Buffer.concat([PARAMETER_SETS, KEY, noise(i, key)]) : Buffer.concat([OTHER, noise(i, other)]),
  )
  return { fps: FPS, units }
}

/** bits per second */
export const rateOf = ({ fps, units }: Clip): number =>
  (units.reduce((bytes, unit) => bytes + unit.length, 0) * 8 * fps) / units.length

/** No zero in it, so that nothing looks like the start of a unit (H.264 annex B). */
function noise(seed: number, bytes: number): Buffer {
  const block = createHash('sha256').update(String(seed)).digest()
  return Buffer.alloc(
    bytes,
    block.map(byte => byte || 1),
  )
}

/** One unit after another, each behind its length in 32 bits. */
export const writeClip = ({ units }: Clip): Buffer =>
  Buffer.concat(
    units.flatMap(unit => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(unit.length)
      return [length, unit]
    }),
  )

export function readClip(file: Buffer): Clip {
  const units: Buffer[] = []
  for (let at = 0; at < file.length; ) {
    const end = at + 4 + file.readUInt32BE(at)
    units.push(file.subarray(at + 4, end))
    at = end
  }
  return { fps: FPS, units }
}
