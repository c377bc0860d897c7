import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { createTestPattern } from '@ownsight/camera-agent/media/test-pattern'
import { GSTREAMER } from './video-file.ts'

export const CLIP = { width: 160, height: 90, fps: 10, pictures: 40 } as const
type Size = { width: number; height: number }

/** What the clip is made with, in GStreamer's words; plain H.264 without a sound unless it says otherwise. */
export type ClipCode = { size?: Size; code?: string; muxer?: string; sound?: string }

const PLAIN =
  'x264enc tune=zerolatency pass=quant quantizer=20 key-int-max=10 ! video/x-h264,profile=baseline ! h264parse'

/** Pictures that bear the drawn mark of `id`, not coded, one after the other in one file. */
export function writeMarkedPictures(path: string, id: string, key: Uint8Array, size: Size = CLIP): void {
  const { width, height } = size
  const draw = createTestPattern({ width, height, cameraName: id.slice(0, 8), camId: id, markKey: key })
  const begin = Date.UTC(2026, 0, 1)
  const times = Array.from({ length: CLIP.pictures }, (_, i) => new Date(begin + (i * 1000) / CLIP.fps))
  writeFileSync(path, Buffer.concat(times.map((time, i) => Buffer.from(draw(i, time)))))
}

/** GStreamer's words for what reads them. */
export const markedPictures = ({ width, height }: Size = CLIP): string =>
  `rawvideoparse format=i420 width=${width} height=${height} framerate=${CLIP.fps}/1`

/**
 * A short clip whose every picture bears the drawn mark of `id`, coded ahead by GStreamer: an agent that plays it codes
 * nothing, so many of them fit one machine.
 */
export async function writeMarkedClip(
  path: string,
  id: string,
  key: Uint8Array,
  { size = CLIP, code = PLAIN, muxer = 'matroskamux', sound }: ClipCode = {},
): Promise<void> {
  const raw = `${path}.i420`
  writeMarkedPictures(raw, id, key, size)
  const pictures = `filesrc location=${raw} ! ${markedPictures(size)} ! ${code} ! queue ! mux.`
  const heard = sound ? `${sound} ! queue ! mux.` : ''
  const launch = `${muxer} name=mux ! filesink location=${path} ${pictures} ${heard}`
  try {
    await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
  } finally {
    rmSync(raw, { force: true })
  }
}
