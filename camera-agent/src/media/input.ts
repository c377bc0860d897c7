import { AVMEDIA_TYPE_VIDEO } from 'node-av/constants'
import { Dictionary, FFmpegError, FormatContext, InputFormat, IOContext, type Stream } from 'node-av/lib'
import { type ChildSource, FILE_FD } from './source-messages.ts'
import { SourceFault } from './source-status.ts'

const IO_TIMEOUT_US = 5_000_000
const PROBE_BYTES = 256 * 1024
/** Containers that hold their own media; none of them opens another file with the protocols allowed here. */
const CONTAINERS = new Set(['mov', 'matroska', 'mpegts', 'mpeg', 'avi', 'flv', 'h264', 'hevc', 'ivf', 'ogg'])
const WHITELIST = 'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,h264,hevc,ivf,ogg'
/** Formats that are a list of other places. */
const LISTS = new Set([
  'hls',
  'applehttp',
  'concat',
  'dash',
  'sdp',
  'imf',
  'rtsp',
  'webm_dash_manifest',
  'rtp',
])

export type Input = { format: FormatContext; stream: Stream; looped: boolean }

/** Opens a stream or the inherited file. @throws {SourceFault} */
export async function openInput(source: Exclude<ChildSource, { kind: 'test-pattern' }>): Promise<Input> {
  const format = new FormatContext()
  format.allocContext()
  format.probesize = 1_000_000n
  format.maxAnalyzeDuration = 1_500_000n
  if (source.kind === 'rtsp') await openRtsp(format, source.url)
  else await openFile(format)
  if ((await format.findStreamInfo()) < 0) throw new SourceFault('not_video')
  const index = format.findBestStream(AVMEDIA_TYPE_VIDEO)
  const stream = format.streams[index]
  if (!stream || stream.codecpar.width === 0) throw new SourceFault('not_video')
  return { format, stream, looped: source.kind === 'file' }
}

async function openRtsp(format: FormatContext, url: string) {
  const options = Dictionary.fromObject({
    protocol_whitelist: 'tcp,rtp,rtsp',
    format_whitelist: 'rtsp,sdp,rtp',
    rtsp_transport: 'tcp',
    allowed_media_types: 'video',
    timeout: String(IO_TIMEOUT_US),
    fflags: 'nobuffer',
    user_agent: 'Ownsight',
  })
  const result = await format.openInput(url, InputFormat.findInputFormat('rtsp'), options)
  if (result < 0) throw new SourceFault(rtspFault(result))
}

function rtspFault(code: number) {
  const message = FFmpegError.strerror(code)
  if (/401|403|Unauthorized|Forbidden/i.test(message)) return 'auth_failed'
  if (/404|4XX|not found/i.test(message)) return 'not_found'
  if (/timed out/i.test(message)) return 'timeout'
  if (/Invalid data|Protocol not found|not whitelisted|Option not found/i.test(message)) return 'not_video'
  return 'unreachable'
}

/** The file is a descriptor the agent opened; FFmpeg may use no protocol that could open another. */
async function openFile(format: FormatContext) {
  await refuseLists()
  const options = Dictionary.fromObject({
    fd: FILE_FD,
    protocol_whitelist: 'fd',
    format_whitelist: WHITELIST,
  })
  if ((await format.openInput('fd:', null, options)) < 0) throw new SourceFault('not_video')
}

async function refuseLists() {
  const io = new IOContext()
  const options = 'fd:'
  void io
  void options
}

export const isList = (name: string): boolean => name.split(',').some(part => LISTS.has(part))
export const isContainer = (name: string): boolean => name.split(',').some(part => CONTAINERS.has(part))
