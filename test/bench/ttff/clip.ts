import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GSTREAMER } from '../../support/video-file.ts'

/** One stream, twice in a file: as access units with delimiters, and in a container. */
export type Clip = { annexB: string; matroska: string }

export const CLIP_FPS = 25
const SECONDS = 10
export const CLIP_WORDS = 'H.264 1280x720 at 25/s, 2 Mbit/s, a key frame each second'

/** Coded by GStreamer, so that no sender has code of its own in what it sends. */
export async function writeClip(folder: string): Promise<Clip> {
  const clip = { annexB: join(folder, 'clip.h264'), matroska: join(folder, 'clip.mkv') }
  const encoder = [
    'x264enc tune=zerolatency speed-preset=veryfast bitrate=2000 vbv-buf-capacity=500 aud=true',
    `key-int-max=${CLIP_FPS} option-string=scenecut=0`,
  ].join(' ')
  const launch = [
    `videotestsrc num-buffers=${SECONDS * CLIP_FPS} pattern=smpte`,
    `video/x-raw,format=I420,width=1280,height=720,framerate=${CLIP_FPS}/1`,
    encoder,
    'video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au',
    `tee name=t t. ! queue ! filesink location=${clip.annexB} t. ! queue`,
    `h264parse ! matroskamux ! filesink location=${clip.matroska}`,
  ].join(' ! ')
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
  return clip
}
