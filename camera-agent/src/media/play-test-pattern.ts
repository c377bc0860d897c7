import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AV_PIX_FMT_YUV420P } from 'node-av/constants'
import { Frame } from 'node-av/lib'
import { createLoadMeter } from './load-meter.ts'
import type { Output } from './output.ts'
import type { Hooks } from './play-input.ts'
import type { SourceConfig } from './source-config.ts'
import { createTestPattern } from './test-pattern.ts'
import { isBeep, playTone } from './tone.ts'

const CLOCK_PER_MS = 90
const WIDTH = 1280
const HEIGHT = 720
const FPS = 20

type Config = Extract<SourceConfig, { kind: 'test-pattern' }>
type Who = { cameraName: string; camId: string; sound?: boolean | undefined }

/** Draws and encodes pictures at an even pace; a picture that is late is left out, its number is not. */
export async function playTestPattern(config: Config, who: Who, output: Output, hooks: Hooks): Promise<void> {
  const { width = WIDTH, height = HEIGHT, fps = FPS } = config
  const markKey = config.mark ? Buffer.from(config.mark.key, 'base64url') : randomBytes(32)
  const { cameraName, camId } = who
  const draw = createTestPattern({ width, height, markKey, grain: config.grain, cameraName, camId })
  const load = createLoadMeter(hooks.onBehind)
  const picture = async (counter: number) => {
    const bytes = draw(counter, new Date(), config.tone === true && isBeep((counter * 1000) / fps))
    const frame = Frame.fromVideoBuffer(bytes, { width, height, format: AV_PIX_FMT_YUV420P })
    await output.picture(frame, Math.round(((counter * 1000) / fps) * CLOCK_PER_MS), fps)
    frame.free()
  }
  const start = performance.now()
  hooks.onMode()
  if (config.tone && who.sound !== false) void playTone(start, hooks.sound, hooks.closing)
  else hooks.sound.tell('none')
  for (let counter = 0; !hooks.closing(); ) {
    await load(() => picture(counter))
    const elapsed = performance.now() - start
    counter = Math.max(counter + 1, Math.floor((elapsed * fps) / 1000))
    await sleep(Math.max(0, (counter * 1000) / fps - elapsed))
  }
}
