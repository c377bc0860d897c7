import { cameraTag, verifyMark } from '@ownsight/camera-agent/media/mark'
import { readMark } from '../../support/mark-reader.ts'
import { openDecoder } from '../../support/media-decoder.ts'
import type { Packet } from './peer.ts'
import { readSei } from './sei.ts'

export type Tally = { frames: number; decoded: number; foreign: number; unread: number }

/** Reads the frames of one home: each by the mark in its SEI, one in a hundred by what is drawn in it too. */
export function createReader(home: { camId: string; drawn: string; key: Uint8Array; tally: Tally }) {
  const { camId, key, tally } = home
  const tag = cameraTag(camId)
  let due = false
  let packets: Packet[] = []
  let own = 0
  const pending: Promise<void>[] = []

  async function decode(payloads: Buffer[]): Promise<void> {
    const decoder = await openDecoder('h264')
    try {
      const picture = await decoder.decode(payloads)
      const mark = picture && readMark(picture.rgba, picture.width, picture.height)
      if (!mark) tally.unread++
      else {
        tally.decoded++
        if (mark.camera !== cameraTag(home.drawn) || !verifyMark(mark, home.drawn, key)) tally.foreign++
      }
    } finally {
      decoder.close()
    }
  }
  return {
    own: () => own,
    settled: () => Promise.all(pending),
    take(packet: Packet): void {
      const last = packets.at(-1)
      if (last && last.timestamp !== packet.timestamp) packets = []
      packets.push(packet)
      const mark = readSei(packet.payload)
      if (mark) {
        if (++tally.frames % 100 === 1) due = true
        if (mark.camera !== tag || !verifyMark(mark, camId, key)) tally.foreign++
        else own++
      }
      if (!packet.marker || !due) return
      const sorted = packets.toSorted((a, b) => a.sequence - b.sequence)
      // Incomplete, its end came too early: the next whole one is taken.
      const isWhole = sorted.every(
        (each, i) => i === 0 || each.sequence === (sorted[i - 1]?.sequence ?? 0) + 1,
      )
      if (isWhole && sorted.some(each => readSei(each.payload))) {
        due = false
        pending.push(decode(sorted.map(each => each.payload)))
      }
    },
  }
}
