import { decodeSound } from '../../support/sound-decoder.ts'
import type { KnownCamera, Seen } from './messages.ts'

/** Packets of 20 ms: enough to tell a tone by, with a gap of half a second in it. */
export const ENOUGH = 40
const NEAR_HZ = 60
const RATE = { opus: 48_000, pcmu: 8000 }

/** s; judged by tenths, one begun at each twentieth, so that a tone need not begin where a tenth does */
const [PIECE, STEP] = [0.1, 0.05]
/** This many such tenths are a quarter of a second at least: a stranger's tone, or the camera's own. */
const PIECES = 4
/** Root of the mean square, of 1; the cameras' tones have 0.5 and more. */
const SILENT = 0.02
/** Of a tenth, in which one period is as long as the other. */
const STEADY = 0.75
/** Of the length of a period */
const ALIKE = 0.1

type Heard = NonNullable<Seen['heard']>
type Camera = Pick<KnownCamera, 'pitch'>

/** Whose tone is heard in these packets; a camera without a tone has no right to any. */
export async function listenTo(
  codec: 'opus' | 'pcmu',
  payloads: readonly Buffer[],
  camera: Camera,
): Promise<Heard> {
  if (payloads.length < ENOUGH) return 'nothing'
  if (camera.pitch === undefined) return 'foreign'
  return whoseTone(await decodeSound(codec, payloads), RATE[codec], camera.pitch)
}

/**
 * A source that starts again leaves a gap, and nothing is said by that: only steady tones are judged. Any of them that
 * is not the camera's is foreign, for it has one tone and nothing else.
 *
 * @param rate samples a second
 * @param own Hz
 */
export function whoseTone(samples: Float32Array, rate: number, own: number): Heard {
  const tones = piecesOf(samples, rate).flatMap(piece => toneOf(piece, rate) ?? [])
  const mine = tones.filter(tone => Math.abs(tone - own) < NEAR_HZ).length
  if (tones.length - mine >= PIECES) return 'foreign'
  return mine >= PIECES ? 'own' : 'nothing'
}

function piecesOf(samples: Float32Array, rate: number): Float32Array[] {
  const [length, step] = [PIECE * rate, STEP * rate]
  const count = Math.max(0, Math.floor((samples.length - length) / step) + 1)
  return Array.from({ length: count }, (_, i) => samples.subarray(i * step, i * step + length))
}

/** Hz, of a tone that is steady nearly all the time; of silence, noise and what changes, nothing. */
function toneOf(piece: Float32Array, rate: number): number | undefined {
  const power = piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length
  if (Math.sqrt(power) < SILENT) return undefined
  const periods = periodsOf(piece)
  const middle = periods.toSorted((one, other) => one - other)[periods.length >> 1]
  if (middle === undefined) return undefined
  const alike = periods.filter(each => Math.abs(each - middle) < middle * ALIKE)
  const time = alike.reduce((sum, each) => sum + each, 0)
  return time < piece.length * STEADY ? undefined : (alike.length * rate) / time
}

/** In samples and parts of them: from where it rises through zero to where it does again. */
function periodsOf(piece: Float32Array): number[] {
  const rises: number[] = []
  for (let i = 1; i < piece.length; i++) {
    const [before = 0, after = 0] = [piece[i - 1], piece[i]]
    if (before < 0 && after >= 0) rises.push(i - after / (after - before))
  }
  return rises.slice(1).map((rise, i) => rise - (rises[i] ?? 0))
}
