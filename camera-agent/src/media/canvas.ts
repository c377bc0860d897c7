import type { Lettering } from './lettering.ts'

/** BT.709 limited range, as the encoder is told. */
export type Colour = readonly [y: number, u: number, v: number]

export function colour(hex: string): Colour {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
  return [16 + 219 * luma, 128 + (224 * (b - luma)) / 1.8556, 128 + (224 * (r - luma)) / 1.5748]
}

export type Canvas = ReturnType<typeof createCanvas>

/** A yuv420p picture in one buffer, drawn with fractional coverage. */
export function createCanvas(width: number, height: number) {
  const halfWidth = width / 2
  const halfHeight = height / 2
  const lumaSize = width * height
  const chromaSize = halfWidth * halfHeight
  const data = Buffer.alloc(lumaSize + 2 * chromaSize)
  const luma = data.subarray(0, lumaSize)
  const u = data.subarray(lumaSize, lumaSize + chromaSize)
  const v = data.subarray(lumaSize + chromaSize)

  /** Lays `coverage` (0–1) of a colour over one pixel; its chroma is shared with three neighbours. */
  const blend = (x: number, y: number, [cy, cu, cv]: Colour, coverage: number) => {
    if (x < 0 || y < 0 || x >= width || y >= height || coverage <= 0) return
    const at = y * width + x
    luma[at] = mix(luma[at] ?? 0, cy, coverage)
    const chroma = (y >> 1) * halfWidth + (x >> 1)
    u[chroma] = mix(u[chroma] ?? 0, cu, coverage / 2)
    v[chroma] = mix(v[chroma] ?? 0, cv, coverage / 2)
  }
  const rect = (x: number, y: number, w: number, h: number, [cy, cu, cv]: Colour) => {
    const [left, top] = [Math.round(x), Math.round(y)]
    const [right, bottom] = [Math.min(width, Math.round(x + w)), Math.min(height, Math.round(y + h))]
    for (let row = top; row < bottom; row++) luma.fill(cy, row * width + left, row * width + right)
    for (let row = top >> 1; row < (bottom + 1) >> 1; row++) {
      u.fill(cu, row * halfWidth + (left >> 1), row * halfWidth + ((right + 1) >> 1))
      v.fill(cv, row * halfWidth + (left >> 1), row * halfWidth + ((right + 1) >> 1))
    }
  }
  const each = (
    x: number,
    y: number,
    w: number,
    h: number,
    c: Colour,
    coverage: (x: number, y: number) => number,
  ) => {
    for (let row = Math.floor(y); row < y + h; row++)
      for (let column = Math.floor(x); column < x + w; column++)
        blend(column, row, c, coverage(column + 0.5, row + 0.5))
  }
  return {
    width,
    height,
    data,
    luma,
    blend,
    /** Fills the 2 × 2 pixels at an even place with `above` laid over `below`. */
    block: (x: number, y: number, below: Colour, above: Colour, coverage: number) => {
      const at = y * width + x
      luma[at] = luma[at + 1] = luma[at + width] = luma[at + width + 1] = mix(below[0], above[0], coverage)
      const chroma = (y >> 1) * halfWidth + (x >> 1)
      u[chroma] = mix(below[1], above[1], coverage)
      v[chroma] = mix(below[2], above[2], coverage)
    },
    rect,
    each,
    disc: (cx: number, cy: number, radius: number, c: Colour) =>
      each(cx - radius - 1, cy - radius - 1, 2 * radius + 2, 2 * radius + 2, c, (x, y) =>
        clamp(radius + 0.5 - Math.hypot(x - cx, y - cy)),
      ),
    /** Writes one line whose capitals begin at `x`, `y`; returns the x after it. */
    text: (x: number, y: number, letters: Lettering, text: string, c: Colour, spacing = 0): number => {
      let pen = x
      for (const { width: w, pad, advance, coverage } of letters.glyphs(text)) {
        const left = Math.round(pen) - pad
        const top = Math.round(y) - pad
        for (let i = 0; i < coverage.length; i++)
          if (coverage[i]) blend(left + (i % w), top + ((i / w) | 0), c, (coverage[i] ?? 0) / 255)
        pen += advance + spacing
      }
      return pen
    },
  }
}

export const clamp = (value: number): number => Math.max(0, Math.min(1, value))
const mix = (below: number, above: number, coverage: number) => below + (above - below) * coverage + 0.5
