import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GSTREAMER } from './video-file.ts'

type Clip = { launch: string; suffix: string; patch?: (bytes: Buffer) => void }

const raw = (buffers: number, caps: string) =>
  `videotestsrc num-buffers=${buffers} pattern=ball ! video/x-raw,${caps}`
const I420 = 'format=I420,width=320,height=180,framerate=20/1'
const X264 = 'x264enc tune=zerolatency key-int-max=20 ! video/x-h264,profile=baseline ! h264parse'
const X265 = 'x265enc key-int-max=20 log-level=none ! h265parse'
const B_FRAMES = 'x264enc bframes=2 b-adapt=false key-int-max=20 ! video/x-h264,profile=high ! h264parse'
const STREAM = 'h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au'
const RESIZED = [
  [320, 180],
  [640, 360],
  [320, 180],
]
  .map(
    ([width, height]) =>
      `${raw(30, `format=I420,width=${width},height=${height},framerate=20/1`)} ! ${X264} ! ${STREAM} ! c.`,
  )
  .join(' ')
const PACES = [10, 30]
  .map(
    fps =>
      `${raw(20, `format=I420,width=320,height=180,framerate=${fps}/1`)} ! capssetter caps="video/x-raw,framerate=0/1" ! c.`,
  )
  .join(' ')

/** What real cameras send that is not plain H.264; two seconds of 320 × 180 unless the name says otherwise. */
const CLIPS = {
  hevc: { launch: `${raw(40, I420)} ! ${X265} ! mp4mux`, suffix: 'mp4' },
  hevc10: {
    launch: `${raw(40, I420.replace('I420', 'I420_10LE'))} ! ${X265} ! matroskamux`,
    suffix: 'mkv',
  },
  bFramesTs: { launch: `${raw(40, I420)} ! ${B_FRAMES} ! mpegtsmux`, suffix: 'ts' },
  interlaced: {
    launch: `${raw(80, I420.replace('20/1', '40/1'))} ! interlace field-pattern=1:1 top-field-first=true ! x264enc interlaced=true key-int-max=20 ! h264parse ! mp4mux`,
    suffix: 'mp4',
  },
  fullRange: {
    launch: `${raw(40, 'format=I420,width=320,height=180,framerate=20/1')} ! jpegenc ! matroskamux`,
    suffix: 'mkv',
  },
  resized: { launch: `concat name=c ! mpegtsmux ${RESIZED}`, suffix: 'ts' },
  paces: { launch: `concat name=c ! ${X264} ! matroskamux ${PACES}`, suffix: 'mkv' },
  /** 3840 × 2160 */
  large: {
    launch: `${raw(20, 'format=I420,width=3840,height=2160,framerate=10/1')} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! video/x-h264,profile=baseline ! h264parse ! mp4mux`,
    suffix: 'mp4',
  },
  /** thirty seconds, and one key frame */
  longGroup: {
    launch: `${raw(300, 'format=I420,width=160,height=90,framerate=10/1')} ! ${X264.replace('key-int-max=20', 'key-int-max=100000')} ! mp4mux`,
    suffix: 'mp4',
  },
  /** joined in the middle: no IDR picture at all */
  noKey: {
    launch: `${raw(60, I420)} ! ${X264.replace('key-int-max=20', 'key-int-max=100000')} ! ${STREAM} ! mpegtsmux`,
    suffix: 'ts',
    patch: bytes => hide(bytes, [5]),
  },
  /** six seconds that are refreshed column by column, without the IDR picture they began with */
  stepwise: {
    launch: `${raw(120, I420)} ! x264enc tune=zerolatency intra-refresh=true key-int-max=20 ! video/x-h264,profile=main ! ${STREAM} ! mpegtsmux`,
    suffix: 'ts',
    patch: bytes => hide(bytes, [5]),
  },
  /** H.264 whose parameter sets are turned into filler */
  bare: {
    launch: `${raw(40, I420)} ! ${X264} ! ${STREAM} ! mpegtsmux`,
    suffix: 'ts',
    patch: bytes => hide(bytes, [7, 8]),
  },
} satisfies Record<string, Clip>

export type OddVideo = keyof typeof CLIPS

/** The path of a clip, made by GStreamer when no earlier run has; the name of a cached one says how it was made. */
export async function oddVideo(name: OddVideo): Promise<string> {
  const { launch, suffix, patch }: Clip = CLIPS[name]
  const tag = createHash('sha256').update(`${launch}${patch}`).digest('hex').slice(0, 12)
  const folder = join(tmpdir(), `ownsight-clips-${process.getuid?.() ?? 0}`)
  const path = join(folder, `${name}-${tag}.${suffix}`)
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return path
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  const sink = `filesink location=${draft}`
  const whole = launch.startsWith('concat')
    ? launch.replace(/(mpegtsmux|matroskamux)/, `$1 ! ${sink}`)
    : `${launch} ! ${sink}`
  await promisify(execFile)('/usr/bin/python3', ['-c', GSTREAMER, whole])
  if (patch) {
    const bytes = await readFile(draft)
    patch(bytes)
    await writeFile(draft, bytes)
  }
  await rename(draft, path)
  return path
}

/** Renames every unit of these types to filler data (ITU-T H.264 Table 7-1). */
function hide(bytes: Buffer, types: readonly number[]) {
  for (let at = bytes.indexOf('000001', 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) {
    if (types.includes((bytes[at + 3] ?? 0) & 0x1f)) bytes[at + 3] = 12
  }
}
