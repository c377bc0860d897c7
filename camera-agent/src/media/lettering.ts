/**
 * A drawn alphabet: capitals, digits and a few signs as strokes on a box 10 high, so that the test pattern has
 * clean letters at any size without a font file. `M`/`L` take a point; `A` takes centre, radii and the two
 * angles in degrees (clockwise from the right).
 */
const SHAPES: Record<string, string> = {
  0: 'A3 3 3 3 180 360 L6 7 A3 7 3 3 0 180 L0 3',
  1: 'M1 2 L3.6 0 L3.6 10',
  2: 'A3 3 3 3 180 398 L0 10 L6 10',
  3: 'A3 2.5 2.7 2.5 200 450 A3 7.5 3 2.5 270 520',
  4: 'M4.6 10 L4.6 0 L0 7 L6 7',
  5: 'M5.5 0 L1 0 L.6 4.8 A3 6.8 3 3.2 225 505',
  6: 'A3 7 3 3 0 360 M0 7 A6 7 6 7 180 258',
  7: 'M0 0 L6 0 L2 10',
  8: 'A3 2.4 2.5 2.4 0 360 A3 7.4 3 2.6 0 360',
  9: 'A3 3 3 3 0 360 M6 3 A0 3 6 7 0 78',
  A: 'M0 10 L3.2 0 L6.4 10 M1.2 6.6 L5.2 6.6',
  B: 'M0 0 L0 10 L3.2 10 A3.2 7.4 2.8 2.6 90 -90 L0 4.8 M3 4.8 A3 2.4 2.4 2.4 90 -90 L0 0',
  C: 'A3.2 3.2 3.2 3.2 -35 -180 L0 6.8 A3.2 6.8 3.2 3.2 180 35',
  D: 'M0 0 L0 10 L2.5 10 A2.5 6.5 3.7 3.5 90 0 L6.2 3.5 A2.5 3.5 3.7 3.5 0 -90 L0 0',
  E: 'M5.4 0 L0 0 L0 10 L5.4 10 M0 4.8 L4.6 4.8',
  F: 'M5.4 0 L0 0 L0 10 M0 4.8 L4.6 4.8',
  G: 'A3.2 3.2 3.2 3.2 -35 -180 L0 6.8 A3.2 6.8 3.2 3.2 180 0 L6.4 5.4 L3.8 5.4',
  H: 'M0 0 L0 10 M6 0 L6 10 M0 4.8 L6 4.8',
  I: 'M0 0 L0 10',
  J: 'M5 0 L5 7 A2.5 7 2.5 3 0 165',
  K: 'M0 0 L0 10 M5.8 0 L0 6.2 M2.2 4 L6.2 10',
  L: 'M0 0 L0 10 L5.2 10',
  M: 'M0 10 L0 0 L3.8 6 L7.6 0 L7.6 10',
  N: 'M0 10 L0 0 L6.2 10 L6.2 0',
  O: 'A3.3 3.3 3.3 3.3 180 360 L6.6 6.7 A3.3 6.7 3.3 3.3 0 180 L0 3.3',
  P: 'M0 10 L0 0 L3.2 0 A3.2 2.7 2.8 2.7 -90 90 L0 5.4',
  Q: 'A3.3 3.3 3.3 3.3 180 360 L6.6 6.7 A3.3 6.7 3.3 3.3 0 180 L0 3.3 M4.2 7.6 L6.8 10.4',
  R: 'M0 10 L0 0 L3.2 0 A3.2 2.7 2.8 2.7 -90 90 L0 5.4 M3 5.4 L6.2 10',
  S: 'A3 2.55 2.9 2.55 -30 -270 A3 7.55 3.1 2.45 -90 155',
  T: 'M0 0 L6.4 0 M3.2 0 L3.2 10',
  U: 'M0 0 L0 6.8 A3.1 6.8 3.1 3.2 180 0 L6.2 0',
  V: 'M0 0 L3.2 10 L6.4 0',
  W: 'M0 0 L2.2 10 L4.6 2 L7 10 L9.2 0',
  X: 'M0 0 L6.2 10 M6.2 0 L0 10',
  Y: 'M0 0 L3.1 5 L6.2 0 M3.1 5 L3.1 10',
  Z: 'M0 0 L6 0 L0 10 L6 10',
  '.': 'M.6 9.8 L.6 9.9',
  ',': 'M.9 9.6 L.2 11.4',
  ':': 'M.6 2.9 L.6 3 M.6 7.9 L.6 8',
  '-': 'M0 5.2 L3.6 5.2',
  '+': 'M0 5.2 L5 5.2 M2.5 2.7 L2.5 7.7',
  '/': 'M4 -.4 L0 10.4',
  '#': 'M2 1 L1 9 M5 1 L4 9 M.3 3.6 L5.9 3.6 M0 6.6 L5.6 6.6',
  '(': 'A4 5 3.4 6 240 120',
  ')': 'A-2 5 3.4 6 -60 60',
  '&': 'M6.4 10 L1.4 3.4 A2.9 2.2 1.9 2.2 150 400 L1.2 5.6 A2.8 7.5 2.8 2.5 225 30 L6.2 5',
  "'": 'M.4 0 L.4 2.4',
  '!': 'M.6 0 L.6 6.8 M.6 9.8 L.6 9.9',
  '?': 'A2.8 2.8 2.8 2.8 190 410 L2.8 6.8 M2.8 9.8 L2.8 9.9',
  _: 'M0 10 L5 10',
}
const UNKNOWN = 'M0 0 L5 0 L5 10 L0 10 L0 0'
const SPACING = 2.3
const SPACE = 4.4
const ARC_STEP = 10

export type Segment = readonly [number, number, number, number]
/** Coverage 0–255 of a glyph, `pad` pixels larger than its box on every side. */
export type Glyph = { width: number; height: number; pad: number; advance: number; coverage: Uint8Array }

/** Letters of one size: `capital` is their height in pixels, `weight` the width of a stroke. */
export function createLettering(capital: number, weight = capital / 8) {
  const cache = new Map<string, Glyph>()
  return {
    capital,
    glyphs: (text: string): Glyph[] =>
      [...text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase()].map(char => {
        const glyph = cache.get(char) ?? rasterize(char, capital / 10, weight)
        cache.set(char, glyph)
        return glyph
      }),
  }
}

export type Lettering = ReturnType<typeof createLettering>

function rasterize(char: string, scale: number, weight: number): Glyph {
  const blank = char.trim() === ''
  const segments = blank ? [] : strokes(SHAPES[char] ?? UNKNOWN)
  const boxWidth = blank ? SPACE : Math.max(1.2, ...segments.flatMap(([x0, , x1]) => [x0, x1]))
  const pad = Math.ceil(weight / 2) + Math.ceil(scale * 1.5)
  const width = Math.ceil(boxWidth * scale) + pad * 2
  const height = Math.ceil(10 * scale) + pad * 2
  const coverage = new Uint8Array(width * height)
  const reach = weight / 2 + 1
  for (const segment of segments) {
    const [x0, y0, x1, y1] = segment.map(value => value * scale + pad) as unknown as Segment
    const bottom = Math.min(height, Math.max(y0, y1) + reach)
    const right = Math.min(width, Math.max(x0, x1) + reach)
    for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y < bottom; y++)
      for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x < right; x++) {
        const distance = distanceTo([x0, y0, x1, y1], x + 0.5, y + 0.5)
        const value = Math.max(0, Math.min(1, weight / 2 + 0.5 - distance)) * 255
        coverage[y * width + x] = Math.max(coverage[y * width + x] ?? 0, value)
      }
  }
  return { width, height, pad, advance: (boxWidth + (blank ? 0 : SPACING)) * scale, coverage }
}

/** The straight pieces of a shape. */
function strokes(shape: string): Segment[] {
  const segments: Segment[] = []
  let at: [number, number] | undefined
  const to = (x: number, y: number) => {
    if (at) segments.push([...at, x, y])
    at = [x, y]
  }
  for (const [, command, rest] of shape.matchAll(/([MLA])([^MLA]*)/g)) {
    const [a = 0, b = 0, rx = 0, ry = 0, from = 0, until = 0] = (rest ?? '').trim().split(/\s+/).map(Number)
    if (command === 'M') at = undefined
    if (command !== 'A') {
      to(a, b)
      continue
    }
    const steps = Math.ceil(Math.abs(until - from) / ARC_STEP)
    if (Math.abs(until - from) === 360) at = undefined
    for (let i = 0; i <= steps; i++) {
      const angle = ((from + ((until - from) * i) / steps) * Math.PI) / 180
      to(a + rx * Math.cos(angle), b + ry * Math.sin(angle))
    }
  }
  return segments
}

function distanceTo([x0, y0, x1, y1]: Segment, x: number, y: number): number {
  const dx = x1 - x0
  const dy = y1 - y0
  const along = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)))
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy)
}
