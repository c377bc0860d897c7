import { type Signal, signal } from '@preact/signals'
import type { Clock } from './clock.ts'
import { LAST_PICTURE_MS } from './deadlines.ts'
import type { ViewSession } from './view-session.ts'
import type { LiveSession } from './watch.ts'

/** The last picture of a session that ended, in the same view of the same camera: never live, never kept for long. */
export type LastPicture = {
  readonly image: HTMLCanvasElement
  /** when it was drawn here, ms of the page's clock */
  readonly seenAt: number
  /** when the camera took it, ms since the epoch */
  readonly takenAt: number | undefined
}

/** What is on the page: one session, and beside it at most one that waits for its first picture. */
export type Stage = {
  readonly shown: Signal<ViewSession | undefined>
  readonly coming: Signal<ViewSession | undefined>
  readonly last: Signal<LastPicture | undefined>
  /** whole seconds since the newest picture, while it is not live */
  readonly age: Signal<number | undefined>
  /** a picture was live in this view */
  wasLive(): boolean
  /** Takes the place of what was shown, which is closed. */
  show(session: ViewSession): void
  /** Ends what is shown. Its last picture stays, dimmed, or goes with it. */
  retire(last: 'keep' | 'drop'): void
  dropLast(): void
  /** Keeps age and last picture in step with the clock. */
  look(): void
}

export function createStage(
  clock: Clock,
  onSession: ((session: LiveSession) => () => void) | undefined,
): Stage {
  const shown = signal<ViewSession | undefined>(undefined)
  const coming = signal<ViewSession | undefined>(undefined)
  const last = signal<LastPicture | undefined>(undefined)
  const age = signal<number | undefined>(undefined)
  let release: (() => void) | undefined
  let isLive = false
  let wasLive = false

  function keepPicture(session: ViewSession): void {
    const seenAt = session.signs().frameAt
    const image = seenAt === undefined ? undefined : session.copyPicture?.()
    if (image && seenAt !== undefined) last.value = { image, seenAt, takenAt: session.takenAt.value }
  }
  function dropLast(): void {
    const { image } = last.value ?? {}
    last.value = undefined
    // Not left to the garbage collector: it is a picture of somebody's home.
    if (image) image.width = 0
  }
  function close(session: ViewSession | undefined): void {
    release?.()
    release = undefined
    session?.close()
  }

  return {
    shown,
    coming,
    last,
    age,
    wasLive: () => wasLive,
    show(session) {
      const before = shown.value
      if (before && before.state() !== 'live') keepPicture(before)
      const next = onSession?.(session.live)
      shown.value = session
      coming.value = undefined
      close(before)
      release = next
      isLive = false
    },
    retire(how) {
      const session = shown.value
      if (session && how === 'keep') keepPicture(session)
      if (how === 'drop') dropLast()
      shown.value = undefined
      close(session)
      isLive = false
    },
    dropLast,
    look() {
      const session = shown.value
      const live = session?.state() === 'live'
      wasLive ||= live
      if (session && isLive && !live) keepPicture(session)
      isLive = live
      if (live) dropLast()
      const seenAt = session?.signs().frameAt ?? last.value?.seenAt
      const past = seenAt === undefined ? undefined : clock.now() - seenAt
      if (past !== undefined && past > LAST_PICTURE_MS) dropLast()
      age.value = live || past === undefined ? undefined : Math.floor(past / 1000)
    },
  }
}
