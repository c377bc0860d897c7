/** 64-entry sliding window over record sequence numbers (RFC 6347 §4.1.2.6). Only authenticated records enter it. */
export type ReplayWindow = { seen(sequence: bigint): boolean; accept(sequence: bigint): void }

const SIZE = 64n

export function replayWindow(): ReplayWindow {
  let highest = -1n
  let bits = 0n
  return {
    seen: sequence =>
      sequence <= highest && (highest - sequence >= SIZE || (bits & (1n << (highest - sequence))) !== 0n),
    accept(sequence) {
      if (sequence > highest) {
        const shift = sequence - highest
        bits = shift >= SIZE ? 1n : ((bits << shift) | 1n) & ((1n << SIZE) - 1n)
        highest = sequence
      } else if (highest - sequence < SIZE) bits |= 1n << (highest - sequence)
    },
  }
}
