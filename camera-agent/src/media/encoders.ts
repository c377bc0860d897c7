import { type Emit, type Encoder, type EncoderSize, openEncoder } from './encoder.ts'
import type { Hardware } from './hardware-names.ts'
import type { Encoding } from './media-frame.ts'

export type Encoders = (encoding: Encoding, size: EncoderSize, bps: number, emit: Emit) => Promise<Encoder>

/** Below this many lines an encoder in hardware saves little, and cards have only so many. */
const LEAST_LINES = 500

/**
 * Opens encoders of one source: in hardware for the large encodings of H.264, as long as that works, else in software;
 * tells `onEncoder` whenever that changes.
 */
export function createEncoders(
  hardware: Hardware | undefined,
  onEncoder: (name: Hardware | 'software') => void,
  open: typeof openEncoder = openEncoder,
): Encoders {
  let usable = hardware
  let told: Hardware | 'software' = 'software'
  const tell = (name: Hardware | 'software') => {
    if (name !== told) onEncoder(name)
    told = name
  }
  return async (encoding, size, bps, emit) => {
    if (!usable || encoding.codec !== 'h264' || size.height < LEAST_LINES)
      return open(encoding, size, bps, emit)
    try {
      const encoder = await open(encoding, size, bps, emit, usable)
      tell(usable)
      return encoder
    } catch {
      usable = undefined
      tell('software')
      return open(encoding, size, bps, emit)
    }
  }
}
