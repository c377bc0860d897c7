import type { Right } from '@ownsight/protocol/messages'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { guestSentenceFor, isFinal, sentenceFor, WAITING, waitingSentenceFor } from '../failures.ts'
import { noteGuestEnd, noteGuestLive } from '../guest.ts'
import type { Home } from '../home.ts'
import { type LiveView, openLiveView } from '../live-view.ts'
import { rightsSentence } from '../people.ts'
import { findReused } from '../reuse.ts'
import type { Path } from '../rtc/stats.ts'
import { checkSilently } from '../seen-visit.ts'
import { type LiveSession, watch } from '../watch.ts'
import { channelWay } from '../ways.ts'
import { Fault } from './fault.tsx'
import { GuestWaiting } from './guest-waiting.tsx'
import { useCircle } from './people.tsx'
import { Picture } from './picture.tsx'
import { PolicyState } from './policy-state.tsx'
import { PrivacyCard } from './privacy.tsx'
import { Waiting } from './waiting.tsx'

export function Live({ home, camId }: { home: Home; camId: string }) {
  const own = home.roster.value.find(entry => entry.camId === camId)
  const guest = home.guests.list.value.find(entry => entry.camId === camId)
  const [attempt, setAttempt] = useState(0)
  if (!own && guest && !(guest.key && guest.waiting === undefined))
    return <GuestWaiting home={home} camera={guest} />
  const camera = own ?? (guest?.key && { camId, key: guest.key, name: guest.name })
  if (!camera) return <Fault sentence="This camera is not in your list." />
  return (
    <LiveOf
      key={`${camId}/${attempt}`}
      home={home}
      camera={camera}
      isGuest={!own}
      isLetIn={own !== undefined || guest?.letIn === true}
      onRetry={() => setAttempt(attempt + 1)}
    />
  )
}

type Entry = Home['roster']['value'][number]

function LiveOf({
  home,
  camera,
  isGuest,
  isLetIn,
  onRetry,
}: {
  home: Home
  camera: Entry
  isGuest: boolean
  isLetIn: boolean
  onRetry: () => void
}) {
  const ended = useMemo(() => new AbortController(), [])
  const view = useMemo(() => openView(home, camera, isGuest, ended.signal), [home, camera.camId, ended])
  useEffect(() => {
    const stop = () => ended.abort()
    addEventListener('pagehide', stop)
    home.signal.addEventListener('abort', stop)
    return () => {
      removeEventListener('pagehide', stop)
      stop()
    }
  }, [home, ended])
  const state = view.state.value
  const session = view.shown.value
  const isPrivate = view.fault.value === 'private'
  return (
    <section class="live">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
        <Badge state={state} isPrivate={isPrivate} />
      </div>
      <Picture
        view={view}
        name={camera.name}
        sentence={isLetIn ? (isGuest ? guestSentenceFor : sentenceFor) : waitingSentenceFor}
        connecting={isLetIn ? 'Connecting …' : WAITING}
        privacy={isPrivate ? <PrivacyCard home={home} camId={camera.camId} isGuest={isGuest} /> : undefined}
      />
      {!isGuest && <OwnerCards home={home} camera={camera} />}
      <Seal
        home={home}
        camera={camera}
        isGuest={isGuest}
        confirmed={session !== undefined}
        path={state === 'live' ? session?.path.value : undefined}
        rights={session?.rights.value}
      />
      {home.kitPending.value && !isGuest && (
        <button
          type="button"
          class="badge-warn"
          onClick={() => (page.value = { name: 'kit', after: 'cameras' })}
        >
          No recovery kit yet. Make it now
        </button>
      )}
      {view.gaveUp.value && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </section>
  )
}

/** What an owner is asked and told beside the picture. */
function OwnerCards({ home, camera }: { home: Home; camera: Entry }) {
  const { camId, name } = camera
  return (
    <>
      <WaitingHere home={home} camId={camId} />
      {home.policies.of(camId).value.pending.length > 0 && (
        <PolicyState home={home} camId={camId} name={name} />
      )}
    </>
  )
}

/** Guests that wait are let in from the live page too: their owner need not go looking for them. */
function WaitingHere({ home, camId }: { home: Home; camId: string }) {
  const circle = useCircle(home, camId)
  return circle ? <Waiting home={home} camId={camId} circle={circle} /> : null
}

function openView(home: Home, camera: Entry, isGuest: boolean, signal: AbortSignal): LiveView {
  const { camId, key } = camera
  const presenceOf = () => home.presence.value.get(camId)
  /** Resolves when the camera's presence is no longer what it was, in the way that is asked for. */
  const until = (isChanged: () => boolean): Promise<void> =>
    new Promise(resolve => {
      const stop = home.presence.subscribe(() => {
        if (isChanged()) queueMicrotask(done)
      })
      const done = (): void => {
        stop()
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
    })
  return openLiveView({
    camera: { camId, key },
    view: home.device.view,
    ask: home.signaling.request as never,
    peer: home.ahead.peer,
    beacon: () => presenceOf()?.beacon,
    async open(options) {
      return home.prepared.take(camId, options.signal) ?? (await watch(options))
    },
    isFinal,
    doubt: isStill => home.signaling.doubt(camId, isStill),
    onReconnect: home.signaling.onReconnect,
    wake() {
      const before = presenceOf()?.online
      const back = Promise.withResolvers<void>()
      const unlisten = home.signaling.onReconnect(back.resolve)
      return Promise.race([
        until(() => before === false && presenceOf()?.online === true),
        back.promise,
      ]).finally(unlisten)
    },
    news() {
      const before = presenceOf()?.beacon
      return until(() => presenceOf()?.beacon !== before)
    },
    onSession(session) {
      if (!isGuest) return ownSession(home, camera, session)
      void noteGuestLive(home, camId)
      return () => undefined
    },
    onEnd(code) {
      if (isGuest) void noteGuestEnd(home, camId, code)
    },
    signal,
  })
}

/** With an owner's own session: changes go over its channel, and the camera's log is looked at for links gone astray. */
function ownSession(home: Home, camera: Entry, session: LiveSession): () => void {
  const { camId } = camera
  const release = home.policies.overChannel(camId, channelWay(session))
  void checkSilently(home, camera, session)
  const look = async () => {
    const status = home.policies.of(camId).value.inForce?.status
    if (!status || status.waiting.length === 0) return
    const found = await findReused(camera, home.device.admin, session, status.head.i)
    if (found.size > 0) home.reused.value = new Map([...home.reused.value, ...found])
  }
  const again = () => void look().catch(() => undefined)
  const timer = setInterval(again, LOG_LOOK_MS)
  again()
  return () => {
    clearInterval(timer)
    release()
  }
}

const LOG_LOOK_MS = 5000

const LABELS = {
  connecting: 'Connecting',
  live: 'LIVE',
  stalled: 'Stalled',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  paused: 'Paused',
  ended: 'Ended',
} as const

function Badge({ state, isPrivate }: { state: keyof typeof LABELS; isPrivate: boolean }) {
  return (
    <p class={`live-badge ${state}`} data-testid="live-badge" data-state={state} role="status">
      {isPrivate ? 'Private' : LABELS[state]}
    </p>
  )
}

/** Shown for a confirmed session only: the name from the owner's sealed list, and what it was checked against. */
function Seal({
  home,
  camera,
  isGuest,
  confirmed,
  path,
  rights,
}: {
  home: Home
  camera: Entry
  isGuest: boolean
  confirmed: boolean
  path: Path | undefined
  rights: readonly Right[] | undefined
}) {
  const [phrase, setPhrase] = useState<string>()
  async function showPhrase() {
    setPhrase((await home.keystore.phrases())[camera.camId] ?? 'not known in this browser')
  }
  return (
    <div class="seal-row">
      <div class="row">
        <h1 class="camera-name">{camera.name}</h1>
        {!isGuest && (
          <button
            type="button"
            class="secondary"
            onClick={() => (page.value = { name: 'camera', camId: camera.camId })}
          >
            Settings
          </button>
        )}
      </div>
      {confirmed && (
        <p class="seal" data-testid="seal">
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M8 1l6 2.4v4.1c0 3.6-2.5 6.3-6 7.5-3.5-1.2-6-3.9-6-7.5V3.4z" fill="currentColor" />
            <path d="M5 8l2.2 2.2L11.2 6" fill="none" stroke="var(--ground)" stroke-width="1.6" />
          </svg>
          Verified: this is {camera.name}
        </p>
      )}
      {confirmed && path && (
        <p class="quiet" data-testid="path">
          {path === 'relayed' && home.relays.hidden.value ? HIDDEN : PATHS[path]}, encrypted end to end
        </p>
      )}
      {isGuest && rights && (
        <p class="quiet" data-testid="rights">
          You are a guest. You {rightsSentence(rights).toLowerCase()}.
        </p>
      )}
      {confirmed &&
        !isGuest &&
        (phrase ? (
          <p class="quiet">
            Key phrase: <strong data-testid="phrase">{phrase}</strong>
          </p>
        ) : (
          <button type="button" class="plain" onClick={() => void showPhrase()}>
            Show key phrase
          </button>
        ))}
    </div>
  )
}

/** What way the picture takes, and why not the direct one. */
const PATHS: Record<Path, string> = {
  direct: 'Direct connection',
  relayed: 'Relayed, as neither network lets the other in',
  no_udp: 'Relayed, as this network blocks UDP',
}
const HIDDEN = 'Relayed, as your address is hidden'
