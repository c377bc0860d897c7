import {
  AV_HWDEVICE_TYPE_VAAPI,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_VAAPI,
  AV_PIX_FMT_YUV420P,
  SWS_BILINEAR,
} from 'node-av/constants'
import {
  type CodecContext,
  Frame,
  HardwareDeviceContext,
  HardwareFramesContext,
  SoftwareScaleContext,
} from 'node-av/lib'
import type { Hardware } from './hardware-names.ts'
import { SourceFault } from './source-status.ts'

type Size = { width: number; height: number }

/** What each is told so that it sends each picture at once, at a constant rate, with a whole key frame on demand. */
export const HARDWARE_OPTIONS: Record<Hardware, Record<string, string>> = {
  h264_nvenc: {
    preset: 'p3',
    tune: 'ull',
    rc: 'cbr',
    profile: 'baseline',
    'forced-idr': '1',
    zerolatency: '1',
    delay: '0',
  },
  h264_qsv: { preset: 'veryfast', profile: 'baseline', async_depth: '1', forced_idr: '1', look_ahead: '0' },
  h264_vaapi: { profile: 'constrained_baseline', rc_mode: 'CBR', async_depth: '1' },
  h264_v4l2m2m: {},
}

const WAITING_SURFACES = 8

export type Surface = {
  /** Puts the encoder's kind of picture into its settings, before it is opened. */
  apply(context: CodecContext): void
  /** The picture where the encoder can read it; valid until the next one. */
  put(picture: Frame): Promise<Frame>
  close(): void
}

/** Where an encoder reads its pictures from: this machine's memory as they are, as NV12, or the graphics card's own. */
export function openSurface(name: Hardware, size: Size): Surface {
  if (name === 'h264_vaapi') return openCardMemory(size)
  if (name === 'h264_qsv') return openNv12(size)
  return {
    apply: context => {
      context.pixelFormat = AV_PIX_FMT_YUV420P
    },
    put: async picture => picture,
    close: () => {},
  }
}

function openNv12({ width, height }: Size): Surface {
  const scaler = new SoftwareScaleContext()
  scaler.getContext(width, height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_NV12, SWS_BILINEAR)
  const frame = new Frame()
  frame.alloc()
  Object.assign(frame, { width, height, format: AV_PIX_FMT_NV12 })
  frame.getBuffer()
  return {
    apply: context => {
      context.pixelFormat = AV_PIX_FMT_NV12
    },
    put: async picture => {
      frame.makeWritable()
      if ((await scaler.scaleFrame(frame, picture)) < 0) throw new SourceFault('unsupported')
      return frame
    },
    close: () => {
      scaler.freeContext()
      frame.free()
    },
  }
}

function openCardMemory(size: Size): Surface {
  const plain = openNv12(size)
  const device = new HardwareDeviceContext()
  const frames = new HardwareFramesContext()
  const target = new Frame()
  const close = () => {
    target.free()
    frames.free()
    device.free()
    plain.close()
  }
  if (device.create(AV_HWDEVICE_TYPE_VAAPI) < 0) throw new SourceFault('unsupported')
  frames.alloc(device)
  Object.assign(frames, { ...size, format: AV_PIX_FMT_VAAPI, swFormat: AV_PIX_FMT_NV12 })
  frames.initialPoolSize = WAITING_SURFACES
  if (frames.init() < 0) throw new SourceFault('unsupported')
  target.alloc()
  return {
    apply: context => {
      context.pixelFormat = AV_PIX_FMT_VAAPI
      context.hwFramesCtx = frames
    },
    put: async picture => {
      const source = await plain.put(picture)
      target.unref()
      if (frames.getBuffer(target) < 0 || (await frames.transferData(target, source)) < 0)
        throw new SourceFault('unsupported')
      return target
    },
    close,
  }
}
