import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { createTestPattern } from '@ownsight/camera-agent/media/test-pattern'
import { GSTREAMER } from './video-file.ts'

export const CLIP = { width: 160, height: 90, fps: 10, pictures: 40 } as const

/**
 * A short clip whose every picture bears the drawn mark of `id`, coded ahead by GStreamer: an agent that plays it codes
 * nothing, so many of them fit one machine.
 */
export async function writeMarkedClip(path: string, id: string, key: Uint8Array): Promise<void> {
  const { width, height, fps, pictures } = CLIP
  const raw = `${path}.i420`
  const draw = createTestPattern({ width, height, cameraName: id.slice(0, 8), camId: id, markKey: key })
  const begin = Date.UTC(2026, 0, 1)
  const all = Array.from({ length: pictures }, (_, i) => Buffer.from(draw(i, new Date(begin + i * 100))))
  writeFileSync(raw, Buffer.concat(all))
  const parse = `rawvideoparse format=i420 width=${width} height=${height} framerate=${fps}/1`
  const code =
    'x264enc tune=zerolatency pass=quant quantizer=20 key-int-max=10 ! video/x-h264,profile=baseline'
  const launch = `filesrc location=${raw} ! ${parse} ! ${code} ! h264parse ! matroskamux ! filesink location=${path}`
  try {
    await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
  } finally {
    rmSync(raw, { force: true })
  }
}
