import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { createTestPattern } from '@ownsight/camera-agent/media/test-pattern'
import { GSTREAMER } from '../../support/video-file.ts'

/** One key frame for each name, with the drawn mark of that name; coded ahead, all in one file of Annex B. */
export async function writePictures(path: string, names: readonly string[], key: Uint8Array): Promise<void> {
  const size = { width: 160, height: 90 }
  const draw = (name: string) =>
    Buffer.from(createTestPattern({ ...size, cameraName: name, camId: name, markKey: key })(0, new Date(0)))
  writeFileSync(`${path}.i420`, Buffer.concat(names.map(draw)))
  const launch = [
    `filesrc location=${path}.i420`,
    'rawvideoparse format=i420 width=160 height=90 framerate=10/1',
    'x264enc tune=zerolatency pass=quant quantizer=26 key-int-max=1 sliced-threads=false',
    'video/x-h264,profile=baseline,stream-format=byte-stream,alignment=au',
    `filesink location=${path}`,
  ].join(' ! ')
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
}
