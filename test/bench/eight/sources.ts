import { join } from 'node:path'
import {
  type ClipCode,
  markedPictures,
  writeMarkedClip,
  writeMarkedPictures,
} from '../../support/marked-clip.ts'
import { type RtspServer, startRtspServer } from '../../support/rtsp-server.ts'

/** One of the eight: what the agent is told, and how its pictures and its sound are known. */
export type EightCamera = {
  readonly name: string
  readonly source: object
  readonly audio?: boolean
  /** whose drawn mark its pictures bear; its own id where it is the agent that draws them */
  readonly drawn?: string
  /** Hz of what it is heard by */
  readonly pitch?: number
  /** its sound is G.711 */
  readonly isPlain?: boolean
}
/** A stream that can be taken away and come back. */
export type Outage = { readonly camera: string; end(): Promise<void>; begin(): Promise<void> }
export type Sources = {
  readonly cameras: readonly EightCamera[]
  readonly outages: readonly Outage[]
  close(): Promise<void>
}

const SMALL = { width: 160, height: 90 }
const LARGE = { width: 320, height: 180 }
const SECONDS = 4

const tone = (pitch: number, rate: number): string =>
  `audiotestsrc num-buffers=${SECONDS * 50} samplesperbuffer=${rate / 50} freq=${pitch} ! audio/x-raw,rate=${rate},channels=1 ! audioconvert`
const aac = (pitch: number): string => `${tone(pitch, 44_100)} ! voaacenc ! aacparse`
const opus = (pitch: number): string => `${tone(pitch, 48_000)} ! opusenc ! opusparse`

type FileCamera = ClipCode & { name: string; suffix: string; pitch?: number; audio?: boolean }

const FILES: readonly FileCamera[] = [
  {
    name: 'Garden',
    suffix: 'mp4',
    size: LARGE,
    code: 'x265enc key-int-max=10 log-level=none option-string=crf=20 ! h265parse',
    muxer: 'mp4mux',
    sound: aac(440),
    pitch: 440,
  },
  { name: 'Door', suffix: 'mkv' },
  {
    name: 'Garage',
    suffix: 'mp4',
    size: LARGE,
    code: 'x264enc bframes=2 b-adapt=false pass=quant quantizer=20 key-int-max=10 ! video/x-h264,profile=high ! h264parse',
    muxer: 'mp4mux',
    sound: aac(620),
    pitch: 620,
  },
  { name: 'Hall', suffix: 'mkv', size: LARGE, code: 'jpegenc', sound: opus(800), pitch: 800 },
  // Its file has a sound, and its owner said that nobody hears it.
  { name: 'Attic', suffix: 'mkv', sound: opus(1300), audio: false },
]

/** Everything the eight cameras show, made or started; whatever they are called, no two look or sound alike. */
export async function openSources(folder: string, key: Buffer): Promise<Sources> {
  const servers = new Set<RtspServer>()
  const serve = async (port: number | undefined, launch: string): Promise<RtspServer> => {
    const server = await startRtspServer({ ...(port === undefined ? {} : { port }), launch })
    servers.add(server)
    return server
  }
  const close = async (): Promise<void> => void (await Promise.all([...servers].map(each => each.stop())))
  try {
    const files = await Promise.all(FILES.map(each => fileCamera(folder, key, each)))
    const stream = (name: string, what: string, size = SMALL): string => {
      const path = join(folder, `${name}-${what}.i420`)
      writeMarkedPictures(path, name, key, size)
      return streamOf(path, size)
    }
    const main = await serve(undefined, `( ${stream('Nursery', 'main', LARGE)} ${streamOfSound(1000)} )`)
    const sub = await serve(undefined, `( ${stream('Nursery', 'sub')} )`)
    const launch = `( ${stream('Shed', 'main')} )`
    let shed = await serve(undefined, launch)
    const { port } = shed
    const mark = { key: key.toString('base64url') }
    const cameras: EightCamera[] = [
      ...files,
      {
        name: 'Nursery',
        source: { kind: 'rtsp', url: main.url, sub: sub.url },
        drawn: 'Nursery',
        pitch: 1000,
        isPlain: true,
      },
      { name: 'Shed', source: { kind: 'rtsp', url: shed.url }, drawn: 'Shed' },
      { name: 'Porch', source: { kind: 'test-pattern', ...LARGE, fps: 10, mark } },
    ]
    const outage: Outage = {
      camera: 'Shed',
      end: async () => {
        servers.delete(shed)
        await shed.stop()
      },
      begin: async () => {
        shed = await serve(port, launch)
      },
    }
    return { cameras, outages: [outage], close }
  } catch (error) {
    await close()
    throw error
  }
}

async function fileCamera(folder: string, key: Buffer, camera: FileCamera): Promise<EightCamera> {
  const { name, suffix, pitch, audio, ...how } = camera
  const path = join(folder, `${name}.${suffix}`)
  await writeMarkedClip(path, name, key, how)
  return {
    name,
    source: { kind: 'file', path },
    drawn: name,
    ...(pitch === undefined ? {} : { pitch }),
    ...(audio === undefined ? {} : { audio }),
  }
}

const streamOf = (path: string, size: { width: number; height: number }): string =>
  `multifilesrc location=${path} loop=true ! ${markedPictures(size)} ` +
  '! x264enc tune=zerolatency speed-preset=ultrafast pass=quant quantizer=22 key-int-max=10 ' +
  '! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96'

const streamOfSound = (pitch: number): string =>
  `audiotestsrc is-live=true freq=${pitch} ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0`
