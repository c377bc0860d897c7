import type { Codec } from './media-frame.ts'
import { openSource, type Source, type SourceIdentity } from './source.ts'
import type { SourceConfig } from './source-config.ts'
import type { Want } from './source-messages.ts'
import {
  LASTING,
  SOURCE_NOTES,
  type SourceCode,
  type SourceStatus,
  TRANSCODING_NOTE,
} from './source-status.ts'

const OPEN_MS = 12_000
const STALL_MS = 3000
const GIVE_UP_MS = 8000
const BACKOFF_MS = [500, 1000, 2000, 4000]
const LASTING_BACKOFF_MS = 30_000
const KEYFRAME_INTERVAL_MS = 500

export type SupervisorEvents = {
  frame(codec: Codec, key: boolean, ticks: number, data: Buffer): void
  /** A new process was started: its ticks begin anew. */
  restarted(): void
  status(status: SourceStatus): void
}

/** Keeps one source running while it is wanted: opens it, notices a stall, starts it again with backoff. */
export function createSupervisor(
  config: SourceConfig,
  who: SourceIdentity,
  first: Want,
  events: SupervisorEvents,
) {
  let source: Source | undefined
  let status: SourceStatus = { state: 'opening' }
  let want = first
  let attempts = 0
  let wasLive = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let overdue: SourceCode | undefined
  const lastKeyRequest: Partial<Record<Codec, number>> = {}

  const set = (next: SourceStatus) => {
    const changed =
      next.state !== status.state || next.code !== status.code || next.transcoding !== status.transcoding
    status = next
    if (changed) events.status(next)
  }
  const wait = (ms: number, then: () => void) => {
    clearTimeout(timer)
    timer = setTimeout(then, ms)
  }
  const faulty = (code: SourceCode) =>
    set({ state: wasLive && !LASTING.has(code) ? 'reconnecting' : 'failed', code, note: SOURCE_NOTES[code] })
  const abandon = () => {
    overdue = 'timeout'
    void source?.close()
  }
  const stalled = () => {
    faulty('timeout')
    wait(GIVE_UP_MS - STALL_MS, abandon)
  }

  const onFrame: SupervisorEvents['frame'] = (codec, key, ticks, data) => {
    if (closed) return
    attempts = 0
    wasLive = true
    if (status.state !== 'live') set(live(transcoding))
    wait(STALL_MS, stalled)
    events.frame(codec, key, ticks, data)
  }
  let transcoding = false
  const onEnded = (code: SourceCode) => {
    source = undefined
    clearTimeout(timer)
    if (closed) return
    const cause = overdue ?? code
    overdue = undefined
    faulty(cause)
    const backoff = BACKOFF_MS[Math.min(attempts++, BACKOFF_MS.length - 1)] ?? 0
    wait(LASTING.has(cause) ? LASTING_BACKOFF_MS : backoff, run)
  }
  const run = () => {
    if (closed) return
    transcoding = false
    events.restarted()
    wait(OPEN_MS, abandon)
    source = openSource(config, who, want, {
      opened: value => {
        transcoding = value
        if (status.state === 'live') set(live(value))
      },
      frame: onFrame,
      ended: onEnded,
    })
  }
  run()

  return {
    status: () => status,
    pid: () => source?.pid,
    want: (next: Want) => {
      want = next
      source?.want(next)
    },
    /** Passed on at most twice a second and codec (a viewer under loss asks for every lost picture). */
    requestKeyframe: (codec: Codec) => {
      const now = performance.now()
      if (now - (lastKeyRequest[codec] ?? -KEYFRAME_INTERVAL_MS) < KEYFRAME_INTERVAL_MS) return
      lastKeyRequest[codec] = now
      source?.requestKeyframe(codec)
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      await source?.close()
    },
  }
}

const live = (transcoding: boolean): SourceStatus =>
  transcoding ? { state: 'live', transcoding, note: TRANSCODING_NOTE } : { state: 'live' }
