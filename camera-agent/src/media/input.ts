import { constants } from 'node:os'
import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  type AVMediaType,
} from 'node-av/constants'
import { Dictionary, FFmpegError, FormatContext, InputFormat, type Stream } from 'node-av/lib'
import { MAX_PIXELS } from './decoder.ts'
import { openDevice } from './device.ts'
import { fileFormat } from './file-format.ts'
import { type ChildSource, FILE_FD } from './source-messages.ts'
import { type SourceCode, SourceFault } from './source-status.ts'

const IO_TIMEOUT_US = 5_000_000
/** At most, for a camera that describes its stream with its next key frame only; one that does at once is not waited for. */
const STREAM_PROBE_US = 6_000_000n
const STREAM_PROBE_BYTES = 8_000_000n
const FILE_PROBE_US = 1_000_000n
const FILE_PROBE_BYTES = 1_000_000n

export type Input = { format: FormatContext; stream: Stream; sound: Stream | undefined; looped: boolean }

/** Opens a stream or the inherited file, its sound too where there is one. @throws {SourceFault} */
export async function openInput(
  source: Exclude<ChildSource, { kind: 'test-pattern' }>,
  withSound: boolean,
): Promise<Input> {
  const format = await open(source, withSound)
  await format.findStreamInfo()
  const sound = withSound ? bestOf(format, AVMEDIA_TYPE_AUDIO) : undefined
  return { format, stream: findVideo(format), sound, looped: source.kind === 'file' }
}

function open(
  source: Exclude<ChildSource, { kind: 'test-pattern' }>,
  withSound: boolean,
): Promise<FormatContext> {
  if (source.kind === 'rtsp') return openRtsp(source.url, withSound)
  const format = createContext(FILE_PROBE_BYTES, FILE_PROBE_US)
  return source.kind === 'v4l2' ? openDevice(format, source) : openFile(format)
}

function createContext(bytes: bigint, microseconds: bigint): FormatContext {
  const format = new FormatContext()
  format.allocContext()
  format.probesize = bytes
  format.maxAnalyzeDuration = microseconds
  return format
}

/** The video stream, once its size is known. */
function findVideo(format: FormatContext): Stream {
  // FFmpeg does not name a stream of unknown size the best.
  const stream = bestOf(format, AVMEDIA_TYPE_VIDEO) ?? format.streams.find(isNameless)
  if (stream && isNameless(stream)) throw new SourceFault('no_parameters')
  if (!stream || stream.codecpar.width === 0) throw new SourceFault('not_video')
  if (stream.codecpar.width * stream.codecpar.height > MAX_PIXELS) throw new SourceFault('too_large')
  return stream
}

function bestOf(format: FormatContext, type: AVMediaType): Stream | undefined {
  const best = format.findBestStream(type)
  return format.streams.find(({ index }) => index === best)
}

/** H.264 or H.265 of unknown size: its parameter sets have not come. */
const isNameless = ({ codecpar }: Stream): boolean =>
  [AV_CODEC_ID_H264, AV_CODEC_ID_HEVC].includes(codecpar.codecId) && codecpar.width === 0

/** What would be no better without sound. */
const FINAL: ReadonlySet<SourceCode> = new Set(['auth_failed', 'timeout', 'udp_only'])

/** A camera that lets its sound be described and not be had still has a picture: it is asked for that alone. */
async function openRtsp(url: string, withSound: boolean): Promise<FormatContext> {
  const opened = await tryRtsp(url, withSound ? 'video+audio' : 'video')
  if (typeof opened !== 'string') return opened
  const again = !withSound || FINAL.has(opened) ? opened : await tryRtsp(url, 'video')
  if (typeof again === 'string') throw new SourceFault(again)
  return again
}

/** TCP only, and no protocol but TCP: a server that redirects is not followed, and could not lead past a check of TLS. */
async function tryRtsp(url: string, media: 'video' | 'video+audio'): Promise<FormatContext | SourceCode> {
  const options = Dictionary.fromObject({
    protocol_whitelist: 'tcp',
    format_whitelist: 'rtsp',
    rtsp_transport: 'tcp',
    allowed_media_types: media,
    timeout: IO_TIMEOUT_US,
    fpsprobesize: 0,
    // What has no packet yet is not waited for once it is described: some cameras name sound and send none.
    max_ts_probe: 0,
    user_agent: 'Ownsight',
  })
  const format = createContext(STREAM_PROBE_BYTES, STREAM_PROBE_US)
  const start = performance.now()
  const result = await format.openInput(url, InputFormat.findInputFormat('rtsp'), options)
  if (result >= 0) return format
  const waited = (performance.now() - start) * 1000 >= IO_TIMEOUT_US
  return waited ? 'timeout' : rtspFault(result)
}

function rtspFault(code: number): SourceCode {
  if (code === AVERROR_HTTP_UNAUTHORIZED || code === AVERROR_HTTP_FORBIDDEN) return 'auth_failed'
  if (code === AVERROR_HTTP_NOT_FOUND) return 'not_found'
  // What FFmpeg makes of status 461, "unsupported transport" (RFC 2326 §11.3.15).
  if (code === -constants.errno.EPROTONOSUPPORT) return 'udp_only'
  if (code === AVERROR_INVALIDDATA || code === AVERROR_PROTOCOL_NOT_FOUND) return 'not_video'
  return /timed out/i.test(FFmpegError.strerror(code)) ? 'timeout' : 'unreachable'
}

/** The file is a descriptor the agent opened; FFmpeg is left no protocol that could open another. */
async function openFile(format: FormatContext): Promise<FormatContext> {
  const container = fileFormat(FILE_FD)
  const options = Dictionary.fromObject({
    fd: FILE_FD,
    protocol_whitelist: 'fd',
    format_whitelist: container.name ?? '',
  })
  if ((await format.openInput('fd:', container, options)) < 0) throw new SourceFault('not_video')
  return format
}
