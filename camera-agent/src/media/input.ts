import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVMEDIA_TYPE_VIDEO,
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

export type Input = { format: FormatContext; stream: Stream; looped: boolean }

/** Opens a stream or the inherited file. @throws {SourceFault} */
export async function openInput(source: Exclude<ChildSource, { kind: 'test-pattern' }>): Promise<Input> {
  const format = new FormatContext()
  format.allocContext()
  const isStream = source.kind === 'rtsp'
  format.probesize = isStream ? STREAM_PROBE_BYTES : 1_000_000n
  format.maxAnalyzeDuration = isStream ? STREAM_PROBE_US : 1_000_000n
  if (source.kind === 'rtsp') await openRtsp(format, source.url)
  else if (source.kind === 'v4l2') await openDevice(format, source)
  else await openFile(format)
  return { format, stream: await findVideo(format), looped: source.kind === 'file' }
}

/** The video stream, once its size is known. */
async function findVideo(format: FormatContext): Promise<Stream> {
  await format.findStreamInfo()
  // FFmpeg does not name a stream of unknown size the best.
  const best = format.findBestStream(AVMEDIA_TYPE_VIDEO)
  const stream = format.streams.find(each => each.index === best) ?? format.streams.find(isNameless)
  if (stream && isNameless(stream)) throw new SourceFault('no_parameters')
  if (!stream || stream.codecpar.width === 0) throw new SourceFault('not_video')
  if (stream.codecpar.width * stream.codecpar.height > MAX_PIXELS) throw new SourceFault('too_large')
  return stream
}

/** H.264 or H.265 of unknown size: its parameter sets have not come. */
const isNameless = ({ codecpar }: Stream): boolean =>
  [AV_CODEC_ID_H264, AV_CODEC_ID_HEVC].includes(codecpar.codecId) && codecpar.width === 0

/** TCP only, and no protocol but TCP: a server that redirects is not followed, and could not lead past a check of TLS. */
async function openRtsp(format: FormatContext, url: string) {
  const options = Dictionary.fromObject({
    protocol_whitelist: 'tcp',
    format_whitelist: 'rtsp',
    rtsp_transport: 'tcp',
    allowed_media_types: 'video',
    timeout: IO_TIMEOUT_US,
    fpsprobesize: 0,
    user_agent: 'Ownsight',
  })
  const start = performance.now()
  const result = await format.openInput(url, InputFormat.findInputFormat('rtsp'), options)
  const waited = (performance.now() - start) * 1000 >= IO_TIMEOUT_US
  if (result < 0) throw new SourceFault(waited ? 'timeout' : rtspFault(result))
}

function rtspFault(code: number): SourceCode {
  if (code === AVERROR_HTTP_UNAUTHORIZED || code === AVERROR_HTTP_FORBIDDEN) return 'auth_failed'
  if (code === AVERROR_HTTP_NOT_FOUND) return 'not_found'
  if (code === AVERROR_INVALIDDATA || code === AVERROR_PROTOCOL_NOT_FOUND) return 'not_video'
  return /timed out/i.test(FFmpegError.strerror(code)) ? 'timeout' : 'unreachable'
}

/** The file is a descriptor the agent opened; FFmpeg is left no protocol that could open another. */
async function openFile(format: FormatContext) {
  const container = fileFormat(FILE_FD)
  const options = Dictionary.fromObject({
    fd: FILE_FD,
    protocol_whitelist: 'fd',
    format_whitelist: container.name ?? '',
  })
  if ((await format.openInput('fd:', container, options)) < 0) throw new SourceFault('not_video')
}
