import { readSync } from 'node:fs'
import { InputFormat } from 'node-av/lib'
import { SourceFault } from './source-status.ts'

const PROBE_BYTES = 128 * 1024
/** Containers that hold their own media, by FFmpeg's names. */
const CONTAINERS = ['mov', 'matroska', 'mpegts', 'mpeg', 'avi', 'flv', 'h264', 'hevc', 'ivf', 'ogg']
/** Formats that FFmpeg knows as a list of other places. */
const LISTS = ['hls', 'concat', 'dash', 'sdp', 'imf', 'rtsp', 'webm_dash_manifest', 'lrc']
/** Lists that FFmpeg does not take for one, so that the owner reads the true reason. */
const LIST_TEXT =
  /^\uFEFF?\s*(#EXTM3U|ffconcat|file\s+['"/]|v=0|\[(playlist|reference)\]|RTSPtext|<(\?xml[^>]*>\s*)?<?(MPD|asx|smil|\w*:?CompositionPlaylist|playlist)\b)/i

/**
 * The container of the open file `fd`, told by its first bytes and never by a name.
 * @throws {SourceFault} `forbidden_format` for a list of other files, `not_video` for anything unknown.
 */
export function fileFormat(fd: number): InputFormat {
  const head = Buffer.alloc(PROBE_BYTES)
  const size = readSync(fd, head, 0, PROBE_BYTES, 0)
  const format = InputFormat.probe(head.subarray(0, size))
  const names = format?.name?.split(',') ?? []
  if (format && names.some(name => CONTAINERS.includes(name))) return format
  const list = names.some(name => LISTS.includes(name)) || LIST_TEXT.test(head.toString('latin1', 0, 512))
  throw new SourceFault(list ? 'forbidden_format' : 'not_video')
}
