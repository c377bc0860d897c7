import { AV_PIX_FMT_YUV420P } from 'node-av/constants'
import { Frame } from 'node-av/lib'
import { accessUnits } from './access-unit.ts'
import { openEncoder } from './encoder.ts'
import type { Hardware } from './hardware-names.ts'

const WIDTH = 640
const HEIGHT = 360
const FPS = 20
const PICTURES = 16
const FORCED_AT = 8
/** Pictures an encoder may hold back: each is that much later on the viewer's screen. */
const MOST_HELD = 2
const BPS = 800_000
const STEP = 90_000 / FPS

/**
 * True when this encoder works here and yields what a viewer needs: a picture for each picture soon after it, of a kind
 * browsers play, each key frame whole by itself, and one when it is asked for.
 */
export async function passesSelfTest(name: Hardware, open = openEncoder): Promise<boolean> {
  const read = accessUnits(null)
  const units: (ReturnType<typeof read> & { ticks: number })[] = []
  let fed = 0
  let held = 0
  try {
    const encoder = await open(
      { codec: 'h264', tier: 'source' },
      { width: WIDTH, height: HEIGHT, fps: FPS },
      BPS,
      (_encoding, _key, ticks, data) => units.push({ ...read(Buffer.from(data)), ticks }),
      name,
    )
    for (; fed < PICTURES; fed++) {
      if (fed === FORCED_AT) encoder.forceKey()
      const picture = Frame.fromVideoBuffer(drawn(fed), {
        width: WIDTH,
        height: HEIGHT,
        format: AV_PIX_FMT_YUV420P,
      })
      await encoder.encode(picture, (fed + 1) * STEP)
      picture.free()
      held = Math.max(held, fed + 1 - units.length)
    }
    encoder.close()
  } catch {
    return false
  }
  const asked = units.find(({ ticks }) => ticks === (FORCED_AT + 1) * STEP)
  return (
    held <= MOST_HELD &&
    units[0]?.key === true &&
    asked?.key === true &&
    units.every(unit => unit.described && unit.playable === true && unit.data.length > 0) &&
    units.every(({ ticks }, i) => i === 0 || ticks > (units[i - 1]?.ticks ?? 0))
  )
}

/** A bright bar that moves over a gradient. */
function drawn(counter: number): Buffer {
  const picture = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128)
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      picture[y * WIDTH + x] = Math.abs(x - counter * 20) < 16 ? 235 : 16 + ((x + y) >> 3)
  return picture
}
