import { wordlist } from '@scure/bip39/wordlists/english.js'
import { fromBase64url } from './bytes.ts'

/** Four words (44 bits) of a hash, for two people to compare by eye. */
export function phrase(hash: string): string {
  const bytes = fromBase64url(hash)
  let bits = 0n
  for (const byte of bytes.slice(0, 6)) bits = (bits << 8n) | BigInt(byte)
  const words = [0, 1, 2, 3].map(i => wordlist[Number((bits >> BigInt(37 - 11 * i)) & 2047n)])
  return words.join(' ')
}
