/** What the reader finds; see `camera-agent/src/media/mark.ts` for the fields. */
export type ReadMark = { version: number; camera: string; counter: number; mac: string }

/**
 * Reads the test pattern's mark from RGBA pixels, at any size the picture was scaled to. Undefined when there is
 * none that is whole. Self-contained, so that a test can run its text in a page; the MAC is verified outside.
 */
export function readMark(rgba: ArrayLike<number>, width: number, height: number): ReadMark | undefined {
  const cellLuma = (columns: number, rows: number, column: number, row: number): number => {
    const cell = width / columns
    const top = height - Math.round(cell * rows)
    let sum = 0
    let count = 0
    for (let y = 0.3; y <= 0.7; y += 0.1)
      for (let x = 0.3; x <= 0.7; x += 0.1) {
        const at = (Math.floor(top + (row + y) * cell) * width + Math.floor((column + x) * cell)) * 4
        sum += 0.299 * (rgba[at] ?? 0) + 0.587 * (rgba[at + 1] ?? 0) + 0.114 * (rgba[at + 2] ?? 0)
        count++
      }
    return sum / count
  }
  const bytesOf = (columns: number, rows: number): number[] => {
    const lumas: number[] = []
    for (let i = 0; i < columns * rows; i++)
      lumas.push(cellLuma(columns, rows, i % columns, Math.floor(i / columns)))
    const middle = (Math.min(...lumas) + Math.max(...lumas)) / 2
    const bytes: number[] = []
    for (let i = 0; i < lumas.length; i += 8)
      bytes.push(lumas.slice(i, i + 8).reduce((byte, luma) => byte * 2 + (luma > middle ? 1 : 0), 0))
    return bytes
  }
  const crc16 = (bytes: number[]): number => {
    let crc = 0xffff
    for (const byte of bytes) {
      crc ^= byte << 8
      for (let bit = 0; bit < 8; bit++)
        crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
    }
    return crc
  }
  const hex = (bytes: number[]): string => bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')
  for (const [columns, rows] of [
    [80, 2],
    [40, 4],
  ] as const) {
    const bytes = bytesOf(columns, rows)
    const checksum = (bytes[18] ?? 0) * 256 + (bytes[19] ?? 0)
    if ((bytes[0] ?? 0) >> 4 !== 0xa || checksum !== crc16(bytes.slice(0, 18))) continue
    return {
      version: (bytes[0] ?? 0) & 15,
      camera: hex(bytes.slice(1, 9)),
      counter: Number.parseInt(hex(bytes.slice(9, 13)), 16),
      mac: hex(bytes.slice(13, 18)),
    }
  }
  return undefined
}
