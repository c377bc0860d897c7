import type { Codec as VideoCodec } from '@ownsight/camera-agent/media/media-frame'
import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_PIX_FMT_RGBA,
  type AVPixelFormat,
  SWS_BILINEAR,
} from 'node-av/constants'
import { Codec, CodecContext, Frame, Packet, SoftwareScaleContext } from 'node-av/lib'

export type Picture = { width: number; height: number; rgba: Buffer }

/** The Annex B access unit that RTP payloads carry (RFC 6184 §5.6 to §5.8): the inverse of the agent's packetizer. */
export function depacketizeH264(payloads: readonly Buffer[]): Buffer {
  const units: Buffer[] = []
  for (const payload of payloads) {
    const type = (payload[0] ?? 0) & 31
    if (type === 24) {
      for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at))
        units.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)))
    } else if (type === 28) {
      const header = Buffer.from([((payload[0] ?? 0) & 0xe0) | ((payload[1] ?? 0) & 31)])
      if ((payload[1] ?? 0) & 0x80) units.push(Buffer.concat([header, payload.subarray(2)]))
      else units.push(Buffer.concat([units.pop() ?? Buffer.alloc(0), payload.subarray(2)]))
    } else units.push(payload)
  }
  return Buffer.concat(units.flatMap(unit => [Buffer.from([0, 0, 0, 1]), unit]))
}

/** The frame in RTP payloads of VP8, or of VP9, whose descriptor is one byte. */
export const depacketizeVp8 = (payloads: readonly Buffer[]): Buffer =>
  Buffer.concat(payloads.map(payload => payload.subarray(1)))

const IDS = { h264: AV_CODEC_ID_H264, vp8: AV_CODEC_ID_VP8, vp9: AV_CODEC_ID_VP9 }

/** Decodes what a viewer would: one picture for each frame that yields one. */
export async function openDecoder(codec: VideoCodec) {
  const context = new CodecContext()
  const decoder = Codec.findDecoder(IDS[codec])
  context.allocContext3(decoder)
  context.threadCount = 1
  await context.open2(decoder)
  const frame = new Frame()
  frame.alloc()
  return {
    decode: async (payloads: readonly Buffer[]): Promise<Picture | undefined> => {
      const packet = new Packet()
      packet.alloc()
      packet.data = codec === 'h264' ? depacketizeH264(payloads) : depacketizeVp8(payloads)
      await context.sendPacket(packet)
      packet.free()
      if ((await context.receiveFrame(frame)) < 0) return undefined
      return toRgba(frame)
    },
    close: () => {
      frame.free()
      context.freeContext()
    },
  }
}

/** RGBA pixels of a decoded or drawn picture, scaled when a size is given. */
export async function toRgba(frame: Frame, width = frame.width, height = frame.height): Promise<Picture> {
  using scaler = new SoftwareScaleContext()
  scaler.getContext(
    frame.width,
    frame.height,
    frame.format as AVPixelFormat,
    width,
    height,
    AV_PIX_FMT_RGBA,
    SWS_BILINEAR,
  )
  using target = new Frame()
  target.alloc()
  target.width = width
  target.height = height
  target.format = AV_PIX_FMT_RGBA
  target.allocBuffer()
  await scaler.scaleFrame(target, frame)
  return { width, height, rgba: target.toBuffer() }
}
