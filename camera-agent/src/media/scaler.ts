import { AV_PIX_FMT_YUV420P, SWS_BILINEAR } from 'node-av/constants'
import { Frame, SoftwareScaleContext } from 'node-av/lib'
import { SourceFault } from './source-status.ts'

type Size = { width: number; height: number }

/** Brings pictures to yuv420p and to the size that `fit` names for theirs; one that fits already goes through untouched. */
export function createScaler(fit: (size: Size) => Size) {
  let scaler: SoftwareScaleContext | undefined
  let scaled: Frame | undefined
  let key = ''
  const close = () => {
    scaler?.freeContext()
    scaled?.free()
    scaler = undefined
    scaled = undefined
    key = ''
  }
  const open = (frame: Frame, { width, height }: Size) => {
    close()
    scaler = new SoftwareScaleContext()
    scaler.getContext(
      frame.width,
      frame.height,
      frame.format as never,
      width,
      height,
      AV_PIX_FMT_YUV420P,
      SWS_BILINEAR,
    )
    scaled = new Frame()
    scaled.alloc()
    scaled.width = width
    scaled.height = height
    scaled.format = AV_PIX_FMT_YUV420P
    scaled.getBuffer()
  }
  return {
    close,
    /** The result is valid until the next call. */
    apply: async (frame: Frame): Promise<Frame> => {
      const size = fit({ width: frame.width, height: frame.height })
      // yuvj420p has another range of luma: taken as it is, black would be grey and white would be cut off.
      const plain = frame.format === AV_PIX_FMT_YUV420P
      if (plain && size.width === frame.width && size.height === frame.height) return frame
      const now = `${frame.width}x${frame.height}:${frame.format}`
      if (now !== key) open(frame, size)
      key = now
      if (!scaler || !scaled) throw new SourceFault('unsupported')
      scaled.makeWritable()
      if ((await scaler.scaleFrame(scaled, frame)) < 0) throw new SourceFault('unsupported')
      return scaled
    },
  }
}
