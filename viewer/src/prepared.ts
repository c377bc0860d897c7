import { type ReadonlySignal, signal } from '@preact/signals'
import type { Clock } from './clock.ts'
import { HIDDEN_MS } from './deadlines.ts'
import { isFinal, WatchFault } from './failures.ts'
import { type Held, holdSession } from './held.ts'
import { leave } from './opening.ts'
import type { PageEvents, PersonEvents } from './page-events.ts'
import type { LiveSession, Pinned } from './watch.ts'

/** Sessions kept ready for the tiles in view, so that a tap costs one message. Each is for one camera, and used once. */
export type Prepared = {
  /** Keeps one ready for this camera until the returned function is called. */
  want(camera: Pinned): () => void
  /** The session of this camera, its picture asked for; undefined where none is ready. `signal` ends it. */
  take(camId: string, signal: AbortSignal): LiveSession | undefined
  /** ids of the cameras with a session that waits */
  readonly ready: ReadonlySignal<ReadonlySet<string>>
  /** Looks again at who may be prepared. */
  review(): void
  /** Ends all that waits; whatever is still in view comes again. */
  letGo(): void
  close(): void
}

export type PreparedOptions = {
  /** a session with `start: "hold"` */
  open(camera: Pinned, signal: AbortSignal): Promise<LiveSession>
  /** false: this camera would not answer now, or this device is to spare its network */
  mayOpen(camId: string): boolean
  clock: Clock
  page: PageEvents & Pick<PersonEvents, 'onPerson'>
}

type Slot = {
  readonly camera: Pinned
  isWanted: boolean
  attempt?: AbortController | undefined
  held?: Held | undefined
  /** not before this time */
  due: number
  failures: number
}

/** Whoever only scrolls past wakes no camera. */
const IN_VIEW_MS = 250
/** More tiles than this get their session when they are tapped. */
const MOST = 4
const LOOK_MS = 1000
/** A page that nobody touches for this long keeps no camera busy. */
const IDLE_MS = 5 * 60_000
/** Before the margin is used up with which a live view renews a session (SESSION_MAX_S from the answer on). */
const RENEW_MS = 4 * 60_000
const AGAIN_MS = 5000
const AGAIN_MOST_MS = 10 * 60_000

/** What a second try soon after does not mend; without a relay there may be no way at all. */
const isLasting = (code: string): boolean => isFinal(code) || code === 'no_path'

export function openPrepared({ open, mayOpen, clock, page }: PreparedOptions): Prepared {
  const slots = new Map<string, Slot>()
  const ready = signal<ReadonlySet<string>>(new Set())
  let personAt = clock.now()
  let hiddenAt: number | undefined
  let isClosed = false

  const say = (): void => {
    const ids = [...slots.values()].filter(({ held }) => held).map(({ camera }) => camera.camId)
    if (ids.length !== ready.value.size || ids.some(id => !ready.value.has(id))) ready.value = new Set(ids)
  }
  const isAway = (): boolean =>
    clock.now() - personAt > IDLE_MS || (hiddenAt !== undefined && clock.now() - hiddenAt > HIDDEN_MS)

  function drop(slot: Slot): void {
    slot.attempt?.abort()
    slot.attempt = undefined
    slot.held?.close()
    slot.held = undefined
  }

  function begin(slot: Slot): void {
    const own = new AbortController()
    slot.attempt = own
    open(slot.camera, own.signal).then(
      session => hold(slot, own, session),
      fault => {
        if (slot.attempt === own) failed(slot, fault instanceof WatchFault && isLasting(fault.code))
      },
    )
  }

  /** @param lasts trying again soon mends nothing */
  function failed(slot: Slot, lasts = false): void {
    slot.attempt = undefined
    const ms = lasts ? AGAIN_MOST_MS : AGAIN_MS * 2 ** slot.failures++
    slot.due = clock.now() + Math.min(AGAIN_MOST_MS, ms)
  }

  function hold(slot: Slot, own: AbortController, session: LiveSession): void {
    if (slot.attempt !== own) return leave(session)
    slot.attempt = undefined
    const held = holdSession(session, clock)
    slot.held = held
    slot.failures = 0
    say()
    void held.ended.then(() => {
      if (slot.held !== held) return
      slot.held = undefined
      failed(slot)
      held.close()
      say()
    })
  }

  function look(slot: Slot): void {
    const { held, camera } = slot
    const now = clock.now()
    if (!slot.isWanted || isAway()) return drop(slot)
    if (held && (!held.isFresh() || now - held.since > RENEW_MS)) drop(slot)
    if (slot.held || slot.attempt || now < slot.due || page.isHidden() || !mayOpen(camera.camId)) return
    const busy = [...slots.values()].filter(each => each.held || each.attempt)
    if (busy.length < MOST) begin(slot)
  }

  function review(): void {
    if (isClosed) return
    for (const slot of slots.values()) look(slot)
    for (const [camId, { isWanted }] of slots) if (!isWanted) slots.delete(camId)
    say()
  }

  const stops = [
    clock.every(LOOK_MS, review),
    page.on(event => {
      hiddenAt = page.isHidden() ? (hiddenAt ?? clock.now()) : undefined
      // What was gathered before may name an address that is gone.
      if (event === 'network' || event === 'wake') letGo()
      review()
    }),
    page.onPerson(() => {
      const wasAway = isAway()
      personAt = clock.now()
      if (wasAway) review()
    }),
  ]

  function letGo(): void {
    for (const slot of slots.values()) drop(slot)
    say()
  }

  return {
    ready,
    review,
    letGo,
    want(camera) {
      const { camId } = camera
      const before = slots.get(camId)
      const slot: Slot = before ?? { camera, isWanted: true, due: clock.now() + IN_VIEW_MS, failures: 0 }
      slot.isWanted = true
      slots.set(camId, slot)
      if (!before) clock.after(IN_VIEW_MS + 1, review)
      return () => {
        slot.isWanted = false
        // A tap takes the tile away and the session with it: which of the two comes first is not for sure.
        clock.after(0, review)
      }
    },
    take(camId, signal) {
      const slot = slots.get(camId)
      const held = slot?.held
      // One that is on its way, or was not heard of lately, is not waited for: the tap makes its own.
      if (!slot || !held?.isFresh()) return undefined
      slot.held = undefined
      slot.due = clock.now() + IN_VIEW_MS
      say()
      signal.addEventListener('abort', held.close, { once: true })
      return held.play()
    },
    close() {
      isClosed = true
      for (const stop of stops) stop()
      letGo()
      slots.clear()
    },
  }
}
