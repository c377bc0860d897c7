import { type Canvas, type Colour, clamp, colour, createCanvas } from './canvas.ts'
import { createLettering } from './lettering.ts'
import { markEncoder, markLayout } from './mark.ts'

const INK = colour('#f2f6f8')
const MUTED = colour('#8fa6b5')
const ACCENT = colour('#4fd1b5')
const DUSK = colour('#15314a')
/** Only the luma of the background changes: a slow change of 8-bit chroma shows as stained bands. */
const NIGHT: Colour = [25, DUSK[1], DUSK[2]]
const LINE = colour('#2c4a5f')
const PAPER = colour('#ffffff')
const BLACK = colour('#000000')
const BARS = ['#d9dee2', '#d8c25a', '#58c4c9', '#62b567', '#b565b0', '#cf5f57', '#4d6fc4', '#1a2733'].map(
  colour,
)
/** Height of the design; every measure below is in its pixels. */
const DESIGN = 688
const TURN_MS = 4000

export type TestPatternOptions = {
  width: number
  height: number
  cameraName: string
  camId: string
  markKey: Uint8Array
  /** Steps of luma by which every pixel strays at random in each picture, as a camera's do at night; default 0. */
  grain?: number | undefined
}

/**
 * Draws the test pattern: camera name, wall clock, frame counter, a sweeping dial, colour bars, a travelling
 * ball, and the mark along the bottom; a flash in the place of the bars when told. Returns the picture's yuv420p bytes, valid until the next call.
 */
export function createTestPattern(options: TestPatternOptions) {
  const { width, height, cameraName, camId, markKey, grain = 0 } = options
  const canvas = createCanvas(width, height)
  const mark = markEncoder(camId, markKey)
  const free = height - markLayout(width).height
  const unit = Math.min(free / DESIGN, width / 1280)
  const dial = createDial(canvas, 968 * unit, 282 * unit, 208 * unit)
  drawBackground(canvas, free)
  drawLabels(canvas, unit, cameraName)
  dial.drawFace()
  drawBars(canvas, unit)
  const still = Buffer.from(canvas.data)
  const clock = createClock(canvas, unit)
  const strew = grain > 0 ? createGrain(canvas, free, grain) : undefined
  return (counter: number, time: Date, flash = false): Buffer => {
    still.copy(canvas.data)
    if (flash) drawFlash(canvas, unit)
    dial.draw(time)
    clock(counter, time)
    drawBall(canvas, unit, time)
    strew?.(counter)
    drawMark(canvas, mark(counter))
    return canvas.data
  }
}

function drawBackground(canvas: Canvas, free: number) {
  const { width, height } = canvas
  for (let y = 0; y < height; y += 2)
    for (let x = 0; x < width; x += 2) {
      const glow = 1 - Math.hypot((x - width * 0.757) / width, ((y - free * 0.41) / free) * 0.62) * 1.45
      canvas.block(x, y, NIGHT, DUSK, clamp(glow) * 0.95)
    }
  const step = width / 16
  for (let i = 1; i < 16; i++) canvas.each(Math.round(i * step), 0, 1, height, LINE, () => 0.22)
  for (let y = step; y < height; y += step) canvas.each(0, Math.round(y), width, 1, LINE, () => 0.22)
}

function drawLabels(canvas: Canvas, unit: number, cameraName: string) {
  const small = createLettering(15 * unit, 2.4 * unit)
  if (unit > 0.3) canvas.text(64 * unit, 66 * unit, small, 'Ownsight test pattern', ACCENT, 5 * unit)
  const name = cameraName.slice(0, 40)
  for (let size = Math.max(46, 9 / unit); size > 12; size -= 2) {
    const letters = createLettering(size * unit, Math.max(1, (size * unit) / 7.5))
    const length = letters.glyphs(name).reduce((sum, glyph) => sum + glyph.advance, 0)
    if (length > 640 * unit && size > 14) continue
    canvas.text(64 * unit, 108 * unit, letters, name, INK)
    return
  }
}

function createClock(canvas: Canvas, unit: number) {
  const large = createLettering(Math.max(12, 104 * unit), Math.max(1.4, 11 * unit))
  const tenths = createLettering(Math.max(7, 52 * unit), Math.max(1, 6 * unit))
  const medium = createLettering(Math.max(7, 24 * unit), Math.max(1, 3.2 * unit))
  const date = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
  })
  const time = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
  const left = 64 * unit
  return (counter: number, now: Date) => {
    const end = canvas.text(left, 232 * unit, large, time.format(now), INK)
    if (unit > 0.3) {
      const tenth = `.${Math.floor(now.getMilliseconds() / 100)}`
      canvas.text(end, 232 * unit + large.capital - tenths.capital, tenths, tenth, ACCENT)
    }
    if (unit > 0.3)
      canvas.text(left, 376 * unit, medium, date.format(now).replaceAll(',', ''), MUTED, 2 * unit)
    const frame = String(counter).padStart(6, '0')
    const pen = unit > 0.3 ? canvas.text(left, 424 * unit, medium, 'frame ', MUTED, 2 * unit) : left
    canvas.text(pen, 424 * unit, medium, frame, ACCENT, 2 * unit)
  }
}

/** A ring of sixty seconds round a sweeping hand. */
function createDial(canvas: Canvas, cx: number, cy: number, radius: number) {
  const box = Math.ceil(radius)
  const sweep = createSweep(canvas, Math.round(cx), Math.round(cy), radius * 0.84)
  const tick = (second: number, c: Colour) => {
    const angle = (second / 60) * 2 * Math.PI
    const size = radius * (second % 5 === 0 ? 0.022 : 0.013)
    canvas.disc(
      cx + Math.sin(angle) * radius * 0.94,
      cy - Math.cos(angle) * radius * 0.94,
      Math.max(0.6, size),
      c,
    )
  }
  const ring = (at: number, c: Colour) =>
    canvas.each(cx - box, cy - box, 2 * box, 2 * box, c, (x, y) =>
      clamp(1.1 - Math.abs(Math.hypot(x - cx, y - cy) - at) / Math.max(0.7, radius / 200)),
    )
  return {
    drawFace: () => {
      for (const part of [0.28, 0.56, 0.84]) ring(radius * part, LINE)
      for (let second = 0; second < 60; second++) tick(second, LINE)
    },
    draw: (now: Date) => {
      sweep((now.getTime() % TURN_MS) / TURN_MS)
      for (let second = 0; second <= now.getSeconds(); second++) tick(second, ACCENT)
      canvas.disc(cx, cy, Math.max(1, radius * 0.03), INK)
    },
  }
}

/** A hand with a fading trail. Its pixels' angles are worked out once: this is most of a picture's cost. */
function createSweep(canvas: Canvas, cx: number, cy: number, radius: number) {
  const box = Math.ceil(radius)
  const where: number[] = []
  const turns: number[] = []
  for (let y = -box; y <= box; y++)
    for (let x = -box; x <= box; x++) {
      if (Math.hypot(x, y) >= radius) continue
      where.push(cx + x, cy + y)
      turns.push((Math.atan2(x, -y) / (2 * Math.PI) + 1) % 1)
    }
  const points = Int16Array.from(where)
  const angles = Float32Array.from(turns)
  return (hand: number) => {
    for (let i = 0; i < angles.length; i++) {
      const turn = hand - (angles[i] ?? 0)
      const behind = turn < 0 ? turn + 1 : turn
      if (behind > 0.3) continue
      const glow = behind < 0.004 ? 1 : 0.5 * (1 - behind / 0.3) ** 2
      canvas.blend(points[2 * i] ?? 0, points[2 * i + 1] ?? 0, ACCENT, glow)
    }
  }
}

function drawBars(canvas: Canvas, unit: number) {
  const left = 64 * unit
  const width = canvas.width - 2 * left
  BARS.forEach((bar, i) => {
    canvas.rect(left + (i * width) / BARS.length, 536 * unit, width / BARS.length, 64 * unit, bar)
  })
  canvas.each(left, 640 * unit, width, Math.max(1, 2 * unit), LINE, () => 0.9)
}

/** In the place of the bars: from dark to white at their right end, with the beep. */
function drawFlash(canvas: Canvas, unit: number) {
  const left = 64 * unit
  canvas.rect(left, 536 * unit, canvas.width - 2 * left, 64 * unit, PAPER)
}

function drawBall(canvas: Canvas, unit: number, now: Date) {
  const left = 64 * unit
  const phase = ((now.getTime() % TURN_MS) / TURN_MS) * 2 * Math.PI
  const x = left + ((1 - Math.cos(phase)) / 2) * (canvas.width - 2 * left)
  canvas.disc(x, 641 * unit, Math.max(1.5, 13 * unit), ACCENT)
}

/** Noise drawn once and laid over each picture from another place of it: codecs find nothing to save there. */
function createGrain({ width, luma }: Canvas, height: number, grain: number) {
  const noise = Int8Array.from({ length: 65_537 }, () => Math.round((Math.random() * 2 - 1) * grain))
  const size = width * height
  return (counter: number) => {
    let from = Math.imul(counter, 40_503) & 0xffff
    for (let at = 0; at < size; at++) {
      const value = (luma[at] ?? 0) + (noise[from] ?? 0)
      luma[at] = value < 0 ? 0 : value > 255 ? 255 : value
      from = from === 65_536 ? 0 : from + 1
    }
  }
}

function drawMark(canvas: Canvas, mark: Uint8Array) {
  const { columns, rows, cell, height } = markLayout(canvas.width)
  const top = canvas.height - height
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column
      const bit = ((mark[index >> 3] ?? 0) >> (7 - (index & 7))) & 1
      const x = Math.round(column * cell)
      const y = top + Math.round(row * cell)
      canvas.rect(
        x,
        y,
        Math.round((column + 1) * cell) - x,
        top + Math.round((row + 1) * cell) - y,
        bit ? PAPER : BLACK,
      )
    }
}
