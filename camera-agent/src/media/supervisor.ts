import type { SourceFrame, SourceSound } from './frame-pipe.ts'
import type { Obstacle } from './h264-playable.ts'
import type { Hardware } from './hardware-names.ts'
import { createKeyRequests } from './key-requests.ts'
import type { SoundKind, SoundWant } from './sound.ts'
import { openSource, type Source, type SourceIdentity } from './source.ts'
import type { SourceConfig } from './source-config.ts'
import type { Want } from './source-messages.ts'
import {
  LASTING,
  REDUCED_NOTE,
  SOURCE_NOTES,
  type SourceCode,
  type SourceStatus,
  transcodingNote,
} from './source-status.ts'

const OPEN_MS = 12_000
const STALL_MS = 3000
const GIVE_UP_MS = 8000
const BACKOFF_MS = [500, 1000, 2000, 4000]
const LASTING_BACKOFF_MS = 30_000
/** After a run that was live the next one begins at once, but not again and again. */
const AT_ONCE_EVERY_MS = 10_000

export type SupervisorEvents = {
  frame(frame: SourceFrame): void
  /** What the sound comes as; undefined until a new process has said it. */
  soundIs(kind: SoundKind | undefined): void
  sound(sound: SourceSound): void
  /** A new process was started: its ticks begin anew. */
  restarted(): void
  /** Bits per second of a source that is passed through. */
  rate(bps: number): void
  /** Lines of its pictures. */
  size(height: number): void
  /** The process cannot encode as fast as the pictures come. */
  behind(): void
  status(status: SourceStatus): void
}

type Told = {
  obstacle?: Obstacle | undefined
  encoder?: Hardware | undefined
  sound?: SoundKind | undefined
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
  let reduced = false
  let restartedAt = Number.NEGATIVE_INFINITY
  /** what this run of the process has said of itself */
  let told: Told = {}
  const keys = createKeyRequests(encoding => source?.requestKeyframe(encoding))

  const set = (next: SourceStatus) => {
    const changed =
      next.state !== status.state ||
      next.code !== status.code ||
      next.obstacle !== status.obstacle ||
      next.encoder !== status.encoder ||
      next.reduced !== status.reduced ||
      next.sound !== status.sound
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

  const onFrame = (frame: SourceFrame) => {
    if (closed) return
    attempts = 0
    wasLive = true
    if (status.state !== 'live') set(live(told, reduced))
    wait(STALL_MS, stalled)
    if (frame.key) keys.met(frame)
    events.frame(frame)
  }
  const learn = (news: Told) => {
    told = { ...told, ...news }
    if (status.state === 'live') set(live(told, reduced))
  }
  const onEnded = (code: SourceCode) => {
    source = undefined
    clearTimeout(timer)
    if (closed) return
    const cause = overdue ?? code
    overdue = undefined
    faulty(cause)
    wait(LASTING.has(cause) ? LASTING_BACKOFF_MS : backoff(), run)
  }
  const backoff = (): number => {
    const now = performance.now()
    const isFirst = wasLive && attempts === 0 && now - restartedAt > AT_ONCE_EVERY_MS
    if (isFirst) restartedAt = now
    return isFirst ? 0 : (BACKOFF_MS[Math.min(attempts++, BACKOFF_MS.length - 1)] ?? 0)
  }
  const run = () => {
    if (closed) return
    told = {}
    events.soundIs(undefined)
    events.restarted()
    wait(OPEN_MS, abandon)
    source = openSource(config, who, want, {
      opened: obstacle => learn({ obstacle }),
      waiting: () => {
        // The process itself gives up when this lasts too long.
        if (closed || status.state === 'live') return
        set({ ...status, code: 'no_key', note: SOURCE_NOTES.no_key })
        wait(OPEN_MS, abandon)
      },
      frame: onFrame,
      soundIs: sound => {
        learn({ sound })
        events.soundIs(sound)
      },
      sound: sound => {
        if (!closed) events.sound(sound)
      },
      rate: events.rate,
      size: events.size,
      encoder: encoder => learn({ encoder }),
      behind: events.behind,
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
    /** What is listened to now; forgotten when the process is started again, which says anew what there is. */
    hear: (next: SoundWant) => source?.hear(next),
    requestKeyframe: keys.request,
    /** Says in the status whether encodings were given up because they take too long. */
    setReduced: (value: boolean) => {
      reduced = value
      learn({})
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      keys.close()
      await source?.close()
    },
  }
}

function live({ obstacle, encoder, sound }: Told, reduced: boolean): SourceStatus {
  const notes = [
    obstacle && transcodingNote(obstacle),
    encoder && `Its pictures are encoded by hardware (${encoder}).`,
    reduced && REDUCED_NOTE,
  ].filter(Boolean)
  return {
    state: 'live',
    ...(obstacle ? { transcoding: true, obstacle } : {}),
    ...(encoder ? { encoder } : {}),
    ...(reduced ? { reduced } : {}),
    ...(sound && sound !== 'none' ? { sound } : {}),
    ...(notes.length > 0 ? { note: notes.join(' ') } : {}),
  }
}
