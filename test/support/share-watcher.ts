import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Codec,
  createShare,
  type MediaFrame,
  type Share,
  type ShareOptions,
} from '@ownsight/camera-agent/media/share'
import type { SourceConfig } from '@ownsight/camera-agent/media/source-config'
import type { SourceStatus } from '@ownsight/camera-agent/media/source-status'
import { type ReadMark, readMark } from './mark-reader.ts'
import { openDecoder } from './media-decoder.ts'

/** Waits until `probe` yields something true; fails with `what` after `ms`. */
export async function until<T>(probe: () => T | undefined | false, what: string, ms = 15_000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const value = probe()
    if (value) return value
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`)
    await sleep(20)
  }
}

/** A share that remembers its statuses. */
export function openShare(config: SourceConfig, options: Partial<ShareOptions> = {}) {
  const share = createShare(config, { cameraName: 'Porch', camId: 'cam-a', lingerMs: 300, ...options })
  const statuses: SourceStatus[] = []
  share.onStatus(status => statuses.push(status))
  return { share, statuses }
}

/** A viewer that keeps every frame; `budget` in bits per second. */
export function view(share: Share, codec: Codec = 'h264', budget?: number) {
  const frames: MediaFrame[] = []
  const subscription = share.subscribe(codec, frame => frames.push(frame), { budget })
  return {
    codec,
    frames,
    ...subscription,
    first: (count: number) => until(() => frames.length >= count, `${count} frames`),
  }
}

/** What a viewer would read from frames it decodes from the first on; undefined where there is no mark. */
export async function marksOf(
  codec: Codec,
  frames: readonly MediaFrame[],
): Promise<(ReadMark | undefined)[]> {
  const decoder = await openDecoder(codec)
  const marks: (ReadMark | undefined)[] = []
  for (const frame of frames) {
    const picture = await decoder.decode(frame.payloads)
    marks.push(picture && readMark(picture.rgba, picture.width, picture.height))
  }
  decoder.close()
  return marks
}

/** True while a process with this id runs (a zombie does not). */
export async function alive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) [ZX] /.test(stat)
}
