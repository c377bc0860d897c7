import { openEncoder } from '@ownsight/camera-agent/media/encoder'
import { createTestPattern } from '@ownsight/camera-agent/media/test-pattern'
import { packetizeVp8 } from '@ownsight/camera-agent/media/vp8-payload'
import type { Picture } from '@ownsight/camera-agent/rtc/send/media-sender'
import { AV_LOG_QUIET, AV_PIX_FMT_YUV420P } from 'node-av/constants'
import { Frame, Log } from 'node-av/lib'

const SIZE = { width: 320, height: 180, fps: 20 }
const STEP = 90_000 / SIZE.fps

/** Pictures of the test pattern as the agent would send them, every tenth a key frame; without end. */
export async function createClip(): Promise<(i: number) => Picture> {
  const draw = createTestPattern({ ...SIZE, cameraName: 'Peer', camId: 'peer', markKey: Buffer.alloc(32, 1) })
  Log.setLevel(AV_LOG_QUIET)
  const units: { key: boolean; payloads: Buffer[] }[] = []
  const encoder = await openEncoder(
    { codec: 'vp8', tier: 'source' },
    SIZE,
    400_000,
    (_encoding, key, _ticks, data) => units.push({ key, payloads: packetizeVp8(Buffer.from(data)) }),
  )
  for (let i = 0; i < 40; i++) {
    if (i % 10 === 0) encoder.forceKey()
    const picture = Frame.fromVideoBuffer(Buffer.from(draw(i, new Date(0))), {
      width: SIZE.width,
      height: SIZE.height,
      format: AV_PIX_FMT_YUV420P,
    })
    await encoder.encode(picture, (i + 1) * STEP)
    picture.free()
  }
  encoder.close()
  return i => ({ ...(units[i % units.length] ?? { payloads: [] }), timestamp: (i * STEP) % 2 ** 32 })
}
