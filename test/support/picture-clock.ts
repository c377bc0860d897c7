import type { Evaluating } from './lip-sync.ts'

/** A beep begins with each second of the time of day (picture_clock.py). */
const BEAT_MS = 1000

/**
 * Appsrcs that picture_clock.py feeds. An uneven camera names a rate, as real ones do, and keeps to none: without one
 * x264 holds each picture back until the next, to know how long it is.
 */
export const pictures = (
  width: number,
  height: number,
  fps: number,
  pace: 'even' | 'uneven' = 'even',
): string =>
  `appsrc name=${pace === 'even' ? 'picture' : 'uneven-picture'} is-live=true format=time caps=video/x-raw,format=I420,interlace-mode=progressive,width=${width},height=${height},framerate=${fps}/1`
export const beeps = (rate: number): string =>
  `appsrc name=sound is-live=true format=time caps=audio/x-raw,format=S16LE,layout=interleaved,rate=${rate},channels=1`

/** `late`: for each picture whose clock could be read, how long after it was made it is shown, ms */
export type Shown = { sizes: string[]; pictures: number; late: number[] }

/** What the page shows in so many seconds, by the clock in the picture itself and the same machine's time of day. */
export const readClocks = (page: Evaluating, seconds: number) =>
  page.evaluate(`(${watch.toString()})(${seconds})`) as Promise<Shown>

/**
 * How much later than its picture sound is there, ms, for each beep that began at `beeps` (ms since 1970): the beep's
 * time on its way less that of the pictures (`late`, the median). The same whatever the pace of the pictures is.
 */
export function behindPicture(beeps: readonly number[], late: readonly number[]): number[] {
  const usual = late.toSorted((a, b) => a - b)[Math.floor(late.length / 2)]
  if (usual === undefined) return []
  return beeps.map(beep => {
    const apart = beep - usual
    return apart - Math.round(apart / BEAT_MS) * BEAT_MS
  })
}

async function watch(seconds: number): Promise<Shown> {
  const CELLS = 32
  const video = document.querySelector<HTMLVideoElement>('[data-testid="video"]')
  if (!video) throw new Error('no picture')
  const pen = new OffscreenCanvas(CELLS * 4, 4).getContext('2d', { willReadFrequently: true })
  const sizes = new Set<string>()
  const late: number[] = []
  let pictures = 0
  const read = (): number | undefined => {
    const { videoWidth: width, videoHeight: height } = video
    const cell = Math.floor(width / CELLS)
    pen?.drawImage(video, 0, height - cell, cell * CELLS, cell, 0, 0, CELLS * 4, 4)
    const pixels = pen?.getImageData(0, 0, CELLS * 4, 4).data
    const bytes = [0, 0, 0, 0]
    for (let i = 0; i < CELLS; i++) {
      const bit = (pixels?.[(CELLS * 4 * 2 + i * 4 + 2) * 4 + 1] ?? 0) > 128 ? 1 : 0
      bytes[i >> 3] = (bytes[i >> 3] ?? 0) * 2 + bit
    }
    const [a = 0, b = 0, c = 0, check] = bytes
    return check === (a ^ b ^ c ^ 0x5a) ? (a << 16) | (b << 8) | c : undefined
  }
  let handle = 0
  const look = (_: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
    pictures++
    sizes.add(`${video.videoWidth} × ${video.videoHeight}`)
    const made = read()
    const now = Math.round(performance.timeOrigin + expectedDisplayTime) % 2 ** 24
    if (made !== undefined) late.push((now - made + 2 ** 24) % 2 ** 24)
    handle = video.requestVideoFrameCallback(look)
  }
  handle = video.requestVideoFrameCallback(look)
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  video.cancelVideoFrameCallback(handle)
  return { sizes: [...sizes], pictures, late }
}
