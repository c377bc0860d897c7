import {
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
} from 'node-av/constants'
import { Filter, type FilterContext, FilterGraph, Frame } from 'node-av/lib'
import { SourceFault } from './source-status.ts'

/** What cameras with interlaced sensors and capture cards send. */
const FORMATS = new Set<number>([
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUVJ422P,
])

/** The clock of the filter that goes in; its output counts half ticks, so that it could tell the two fields apart. */
const TIME_BASE = '1/90000'
const OUTPUT_STEPS = 2

/**
 * Makes one picture of each two interlaced fields; progressive ones go through. The filter is opened with the first
 * interlaced picture, and anew when size or format change. From then on each picture comes one later than it went in.
 */
export function createDeinterlacer() {
  let graph: FilterGraph | undefined
  let input: FilterContext | undefined
  let output: FilterContext | undefined
  let shape = ''
  const result = new Frame()
  result.alloc()
  const close = () => {
    graph?.free()
    graph = undefined
    input = undefined
    output = undefined
  }
  const open = async ({ width, height, format }: Frame) => {
    close()
    graph = new FilterGraph()
    graph.alloc()
    const size = `video_size=${width}x${height}:pix_fmt=${format}:time_base=${TIME_BASE}`
    const [source, yadif, sink] = [
      ['buffer', size],
      ['yadif', 'mode=send_frame:deint=interlaced'],
      ['buffersink', null],
    ].map(([name, args]) => {
      const filter = Filter.getByName(name as string)
      return filter && graph?.createFilter(filter, name as string, args)
    })
    if (!source || !yadif || !sink) throw new SourceFault('unsupported')
    source.link(0, yadif, 0)
    yadif.link(0, sink, 0)
    if ((await graph.config()) < 0) throw new SourceFault('unsupported')
    input = source
    output = sink
  }
  return {
    /** Hands on what is ready; the picture is valid until `onPicture` resolves. */
    apply: async (frame: Frame, onPicture: (picture: Frame, ticks: number) => Promise<void>) => {
      const interlaced = frame.hasFlags(AV_FRAME_FLAG_INTERLACED) && FORMATS.has(frame.format)
      if (!graph && !interlaced) return onPicture(frame, Number(frame.pts))
      const now = `${frame.width}x${frame.height}:${frame.format}`
      if (!graph || now !== shape) await open(frame)
      shape = now
      await input?.buffersrcAddFrame(frame)
      while (output && (await output.buffersinkGetFrame(result)) >= 0) {
        await onPicture(result, Math.round(Number(result.pts) / OUTPUT_STEPS))
        result.unref()
      }
    },
    /** Forgets the fields it holds. */
    reset: close,
    close: () => {
      close()
      result.free()
    },
  }
}
