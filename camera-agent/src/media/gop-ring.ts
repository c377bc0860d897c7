import type { MediaFrame } from './media-frame.ts'

const MAX_BYTES = 8 * 1024 * 1024
const MAX_FRAMES = 900
/** 1 ms of the 90 kHz clock: a joiner catches up at once instead of watching a second behind. */
const BURST_STEP = 90

/** The frames since the last key frame, for whoever joins in between. Lives in memory only, bounded. */
export function createGopRing() {
  let frames: MediaFrame[] = []
  let bytes = 0
  const clear = () => {
    frames = []
    bytes = 0
  }
  return {
    clear,
    push(frame: MediaFrame) {
      if (frame.key) clear()
      if (!frame.key && frames.length === 0) return
      frames.push(frame)
      bytes += frame.payloads.reduce((size, payload) => size + payload.length, 0)
      if (bytes > MAX_BYTES || frames.length > MAX_FRAMES) clear()
    },
    bytes: () => bytes,
    /** The current GOP, its timestamps drawn together so that they end at the newest frame's. */
    burst: (): MediaFrame[] => {
      const newest = frames.at(-1)?.timestamp ?? 0
      return frames.map((frame, i) => ({
        ...frame,
        timestamp: (newest - (frames.length - 1 - i) * BURST_STEP) >>> 0,
      }))
    },
  }
}
