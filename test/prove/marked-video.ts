import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NAL_IDR, NAL_PPS, NAL_SLICE, NAL_SPS, nalType, splitAnnexB } from '@ownsight/camera-agent/media/h264'
import { GSTREAMER } from '../support/video-file.ts'

/** A clip that nobody can guess, made for one run: its coded pictures are the mark. */
export type MarkedVideo = { path: string; slices: Buffer[]; sets: Buffer[] }

export const WIDTH = 320
export const HEIGHT = 180
const PICTURES = 40
const CELL = 12

/** Four seconds, ten pictures per second, of cells in random grey: high entropy that survives the encoder. */
export async function makeMarkedVideo(folder: string): Promise<MarkedVideo> {
  const raw = join(folder, 'marked.i420')
  const path = join(folder, 'marked.mkv')
  const stream = join(folder, 'marked.h264')
  writeFileSync(raw, Buffer.concat(Array.from({ length: PICTURES }, picture)))
  const parse = `rawvideoparse format=i420 width=${WIDTH} height=${HEIGHT} framerate=10/1`
  const encode = 'x264enc tune=zerolatency key-int-max=10 bitrate=800 ! video/x-h264,profile=baseline'
  await gstreamer(
    `filesrc location=${raw} ! ${parse} ! ${encode} ! tee name=both both. ! queue ! h264parse ! matroskamux ! filesink location=${path} both. ! queue ! h264parse ! video/x-h264,stream-format=byte-stream ! filesink location=${stream}`,
  )
  const units = splitAnnexB(readFileSync(stream))
  rmSync(raw)
  rmSync(stream)
  const of = (...types: number[]) => units.filter(unit => types.includes(nalType(unit)))
  return { path, slices: of(NAL_SLICE, NAL_IDR), sets: of(NAL_SPS, NAL_PPS) }
}

const gstreamer = (launch: string) => promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])

/** One picture in I420: luma in cells, chroma grey. */
function picture(): Buffer {
  const across = Math.ceil(WIDTH / CELL)
  const greys = randomBytes(across * Math.ceil(HEIGHT / CELL))
  const luma = Buffer.alloc(WIDTH * HEIGHT)
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      luma[y * WIDTH + x] = greys[Math.floor(y / CELL) * across + Math.floor(x / CELL)] ?? 0
  return Buffer.concat([luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)])
}
