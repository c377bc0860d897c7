import {
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants'
import { Dictionary, FFmpegError, FormatContext, InputFormat, type Stream } from 'node-av/lib'
import { fileFormat } from './file-format.ts'
import { type ChildSource, FILE_FD } from './source-messages.ts'
import { type SourceCode, SourceFault } from './source-status.ts'

const IO_TIMEOUT_US = 5_000_000

export type Input = { format: FormatContext; stream: Stream; sound: Stream | undefined; looped: boolean }

/** Opens a stream or the inherited file, its sound too where there is one. @throws {SourceFault} */
export async function openInput(
  source: Exclude<ChildSource, { kind: 'test-pattern' }>,
  withSound: boolean,
): Promise<Input> {
  const format = source.kind === 'rtsp' ? await openRtsp(source.url, withSound) : await openFile()
  if ((await format.findStreamInfo()) < 0) throw new SourceFault('not_video')
  const stream = format.streams[format.findBestStream(AVMEDIA_TYPE_VIDEO)]
  if (!stream || stream.codecpar.width === 0) throw new SourceFault('not_video')
  const sound = withSound ? format.streams[format.findBestStream(AVMEDIA_TYPE_AUDIO)] : undefined
  return { format, stream, sound, looped: source.kind === 'file' }
}

function createContext(): FormatContext {
  const format = new FormatContext()
  format.allocContext()
  format.probesize = 1_000_000n
  format.maxAnalyzeDuration = 1_000_000n
  return format
}

/** A camera that lets its sound be described and not be had still has a picture: it is asked for that alone. */
async function openRtsp(url: string, withSound: boolean): Promise<FormatContext> {
  const opened = await tryRtsp(url, withSound ? 'video+audio' : 'video')
  if (typeof opened !== 'string') return opened
  const isFinal = !withSound || opened === 'auth_failed' || opened === 'timeout'
  const again = isFinal ? opened : await tryRtsp(url, 'video')
  if (typeof again === 'string') throw new SourceFault(again)
  return again
}

/** TCP only, and no protocol but TCP: a server that redirects gets no further than another RTSP server. */
async function tryRtsp(url: string, media: 'video' | 'video+audio'): Promise<FormatContext | SourceCode> {
  const options = Dictionary.fromObject({
    protocol_whitelist: 'tcp',
    format_whitelist: 'rtsp',
    rtsp_transport: 'tcp',
    allowed_media_types: media,
    timeout: IO_TIMEOUT_US,
    fpsprobesize: 0,
    user_agent: 'Ownsight',
  })
  const format = createContext()
  const start = performance.now()
  const result = await format.openInput(url, InputFormat.findInputFormat('rtsp'), options)
  if (result >= 0) return format
  const waited = (performance.now() - start) * 1000 >= IO_TIMEOUT_US
  return waited ? 'timeout' : rtspFault(result)
}

function rtspFault(code: number): SourceCode {
  if (code === AVERROR_HTTP_UNAUTHORIZED || code === AVERROR_HTTP_FORBIDDEN) return 'auth_failed'
  if (code === AVERROR_HTTP_NOT_FOUND) return 'not_found'
  if (code === AVERROR_INVALIDDATA || code === AVERROR_PROTOCOL_NOT_FOUND) return 'not_video'
  return /timed out/i.test(FFmpegError.strerror(code)) ? 'timeout' : 'unreachable'
}

/** The file is a descriptor the agent opened; FFmpeg is left no protocol that could open another. */
async function openFile(): Promise<FormatContext> {
  const container = fileFormat(FILE_FD)
  const format = createContext()
  const options = Dictionary.fromObject({
    fd: FILE_FD,
    protocol_whitelist: 'fd',
    format_whitelist: container.name ?? '',
  })
  if ((await format.openInput('fd:', container, options)) < 0) throw new SourceFault('not_video')
  return format
}
