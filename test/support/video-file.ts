import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** For `python3 -c`: runs one GStreamer pipeline, given as an argument, to its end. */
export const GSTREAMER = `
import sys, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
pipeline.set_state(Gst.State.PLAYING)
message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
sys.exit(0 if message and message.type == Gst.MessageType.EOS else str(message and message.parse_error()))
`

/** Encoders by what a browser makes of their stream. */
export const ENCODERS = {
  baseline: 'x264enc tune=zerolatency key-int-max=20 ! video/x-h264,profile=baseline ! h264parse',
  bFrames: 'x264enc bframes=2 b-adapt=false key-int-max=20 ! video/x-h264,profile=high ! h264parse',
  mjpeg: 'jpegenc',
} as const

/** Writes a two-second video of 320 × 180 at 20 pictures per second with GStreamer, not with what is tested. */
export async function writeVideo(
  path: string,
  encoder: keyof typeof ENCODERS,
  muxer = 'mp4mux',
): Promise<void> {
  const raw =
    'videotestsrc num-buffers=40 pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=20/1'
  const launch = `${raw} ! ${ENCODERS[encoder]} ! ${muxer} ! filesink location=${path}`
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
}
