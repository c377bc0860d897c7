import { decodeSound, pitchOf } from '../../support/sound-decoder.ts'
import type { KnownCamera, Seen } from './messages.ts'

/** An encoder that begins is heard to begin. */
const NOISY = 10
/** Enough to tell a pitch by: 0.6 s */
export const ENOUGH = 40
const NEAR_HZ = 60
const RATE = { opus: 48_000, pcmu: 8000 }

/** Whose tone is heard in these packets; a camera without a tone has no right to any. */
export async function listenTo(
  codec: 'opus' | 'pcmu',
  payloads: readonly Buffer[],
  camera: Pick<KnownCamera, 'pitch'>,
): Promise<NonNullable<Seen['heard']>> {
  if (payloads.length < ENOUGH) return 'nothing'
  const pitch = pitchOf(await decodeSound(codec, payloads.slice(NOISY)), RATE[codec])
  return camera.pitch !== undefined && Math.abs(pitch - camera.pitch) < NEAR_HZ ? 'own' : 'foreign'
}
