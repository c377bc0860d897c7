import { Dictionary, type FormatContext, InputFormat } from 'node-av/lib'
import type { SourceConfig } from './source-config.ts'
import { type SourceCode, SourceFault } from './source-status.ts'

/** errno of Linux, as FFmpeg returns it. */
const FAULTS: Record<number, SourceCode> = {
  [-1]: 'device_forbidden',
  [-2]: 'no_device',
  [-6]: 'no_device',
  [-13]: 'device_forbidden',
  [-16]: 'device_busy',
  [-19]: 'no_device',
}

/** Opens a webcam or capture card, and nothing else. @throws {SourceFault} */
export async function openDevice(
  format: FormatContext,
  { device, format: name, width, height, fps }: Extract<SourceConfig, { kind: 'v4l2' }>,
): Promise<FormatContext> {
  const options = Dictionary.fromObject({
    protocol_whitelist: 'none',
    format_whitelist: 'video4linux2,v4l2',
    ...(name ? { input_format: name } : {}),
    ...(width && height ? { video_size: `${width}x${height}` } : {}),
    ...(fps ? { framerate: String(fps) } : {}),
  })
  const result = await format.openInput(device, InputFormat.findInputFormat('v4l2'), options)
  if (result < 0) throw new SourceFault(FAULTS[result] ?? 'unsupported')
  return format
}
