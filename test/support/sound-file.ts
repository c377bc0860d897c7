import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { GSTREAMER } from './video-file.ts'

/** A ball and nothing to read: the sound is what is tested. */
const PICTURES =
  'videotestsrc num-buffers=60 pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=20/1 ' +
  '! x264enc tune=zerolatency key-int-max=20 ! video/x-h264,profile=baseline ! h264parse ! queue ! mux.'

const PITCH_HZ = 440
const tone = (rate: number, channels: number): string =>
  `audiotestsrc num-buffers=150 samplesperbuffer=${rate / 50} freq=${PITCH_HZ} ! audio/x-raw,rate=${rate},channels=${channels} ! audioconvert`

/** Encoders of sound, and the container each goes into; three seconds of 440 Hz. */
export const SOUNDS = {
  aac: { launch: `${tone(44_100, 2)} ! voaacenc ! aacparse`, muxer: 'mp4mux' },
  opus: { launch: `${tone(48_000, 1)} ! opusenc ! opusparse`, muxer: 'matroskamux' },
  pcmu: { launch: `${tone(8000, 1)} ! mulawenc`, muxer: 'matroskamux' },
  pcma: { launch: `${tone(8000, 1)} ! alawenc`, muxer: 'matroskamux' },
  mp3: { launch: `${tone(44_100, 2)} ! lamemp3enc ! mpegaudioparse`, muxer: 'matroskamux' },
} as const

/** Writes a video with sound, with GStreamer and not with what is tested; `pitch` in Hz. */
export async function writeSound(path: string, sound: keyof typeof SOUNDS, pitch = PITCH_HZ): Promise<void> {
  const { launch, muxer } = SOUNDS[sound]
  const played = launch.replace(`freq=${PITCH_HZ}`, `freq=${pitch}`)
  const whole = `${muxer} name=mux ! filesink location=${path} ${PICTURES} ${played} ! queue ! mux.`
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, whole])
}

/** RTSP: pictures, and G.711 as many cameras have it. */
export const RTSP_PCMU =
  '( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=20/1 ' +
  '! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20 bitrate=500 ' +
  '! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 ' +
  'audiotestsrc is-live=true freq=440 ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )'

export const TICK_EARLY_MS = 20

/**
 * Writes six seconds in which the picture goes from black to white, or back, at every half second, and a tick begins
 * TICK_EARLY_MS before every whole one: so GStreamer makes them, by their times in the file.
 */
export async function writeTicks(path: string): Promise<void> {
  const pictures =
    'videotestsrc num-buffers=12 pattern=blink ! video/x-raw,format=I420,width=320,height=180,framerate=2/1 ' +
    '! x264enc tune=zerolatency key-int-max=2 ! video/x-h264,profile=baseline ! h264parse ! queue ! mux.'
  const ticks =
    'audiotestsrc num-buffers=300 samplesperbuffer=160 wave=ticks freq=1000 sine-periods-per-tick=50 ' +
    '! audio/x-raw,rate=8000,channels=1 ! audioconvert ! mulawenc ! queue ! mux.'
  const launch = `matroskamux name=mux ! filesink location=${path} ${pictures} ${ticks}`
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, launch])
}
