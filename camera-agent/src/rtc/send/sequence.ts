/** The 16-bit sequence number `low` as the one of its infinite line that is nearest to `near`. */
export function unwrap(low: number, near: number): number {
  const ahead = (low - near) & 0xffff
  return near + (ahead < 0x8000 ? ahead : ahead - 0x10000)
}
