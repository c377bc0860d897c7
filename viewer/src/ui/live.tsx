import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { isFinal, sentenceFor, sourceSentence } from '../failures.ts'
import type { Home } from '../home.ts'
import { type LiveView, openLiveView } from '../live-view.ts'
import { Fault } from './fault.tsx'

export function Live({ home, camId }: { home: Home; camId: string }) {
  const camera = home.roster.value.find(entry => entry.camId === camId)
  const [attempt, setAttempt] = useState(0)
  if (!camera) return <Fault sentence="This camera is not in your list." />
  return (
    <LiveOf key={`${camId}/${attempt}`} home={home} camera={camera} onRetry={() => setAttempt(attempt + 1)} />
  )
}

type Entry = Home['roster']['value'][number]

function LiveOf({ home, camera, onRetry }: { home: Home; camera: Entry; onRetry: () => void }) {
  const ended = useMemo(() => new AbortController(), [])
  const view = useMemo(() => openView(home, camera, ended.signal), [home, camera, ended])
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
  return (
    <section class="live">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
        <Badge state={state} />
      </div>
      <Picture view={view} name={camera.name} />
      <Seal home={home} camera={camera} confirmed={view.stream.value !== undefined} path={view.path.value} />
      {home.kitPending.value && (
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

function openView(home: Home, camera: Entry, signal: AbortSignal): LiveView {
  const { camId, key } = camera
  const wake = (): Promise<void> =>
    new Promise(resolve => {
      const before = home.presence.value.get(camId)?.online
      const stop = home.presence.subscribe(presence => {
        if (before === false && presence.get(camId)?.online) queueMicrotask(done)
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
    beacon: () => home.presence.value.get(camId)?.beacon,
    isFinal,
    wake,
    signal,
  })
}

const LABELS = { connecting: 'Connecting', live: 'LIVE', stalled: 'Stalled', ended: 'Ended' } as const

function Badge({ state }: { state: keyof typeof LABELS }) {
  return (
    <p class={`live-badge ${state}`} data-testid="live-badge" data-state={state} role="status">
      {LABELS[state]}
    </p>
  )
}

/** The whole picture with its veil, so that one that has stopped says so in full screen too. */
function toggleFullScreen(picture: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void picture?.requestFullscreen()
}

function Picture({ view, name }: { view: LiveView; name: string }) {
  const video = useRef<HTMLVideoElement>(null)
  const picture = useRef<HTMLDivElement>(null)
  const stream = view.stream.value
  const state = view.state.value
  useEffect(() => {
    const element = video.current
    if (!element || !stream) return
    element.srcObject = stream
    void element.play().catch(() => undefined)
    let first = true
    let handle = element.requestVideoFrameCallback(function seen() {
      if (first) performance.mark('ownsight:first-frame')
      first = false
      view.frame()
      handle = element.requestVideoFrameCallback(seen)
    })
    return () => {
      element.cancelVideoFrameCallback(handle)
      element.srcObject = null
    }
  }, [stream, view])
  const source = view.source.value
  const about = source && sourceSentence(source.state, source.code)
  const fault = view.fault.value
  return (
    <div ref={picture} class={`picture ${state}`}>
      {stream && (
        <video
          ref={video}
          data-testid="video"
          autoplay
          muted
          playsInline
          aria-label={`Live picture of ${name}`}
        />
      )}
      {state !== 'live' && (
        <div class="veil">
          {about ? (
            <p data-testid="source">{about}</p>
          ) : fault ? (
            <Fault sentence={sentenceFor(fault)} />
          ) : (
            <p class="quiet-light">
              {state === 'stalled' ? 'The picture has stopped. It is not live.' : 'Connecting …'}
            </p>
          )}
        </div>
      )}
      {stream && document.fullscreenEnabled && (
        <button
          type="button"
          class="full"
          aria-label="Full screen"
          onClick={() => toggleFullScreen(picture.current)}
        >
          <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
            <path
              d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"
              fill="none"
              stroke="currentColor"
              stroke-width="1.6"
              stroke-linecap="round"
              stroke-linejoin="round"
            />
          </svg>
        </button>
      )}
    </div>
  )
}

/** Shown for a confirmed session only: the name from the owner's sealed list, and what it was checked against. */
function Seal({
  home,
  camera,
  confirmed,
  path,
}: {
  home: Home
  camera: Entry
  confirmed: boolean
  path: 'direct' | 'relayed' | undefined
}) {
  const [phrase, setPhrase] = useState<string>()
  async function showPhrase() {
    setPhrase((await home.keystore.phrases())[camera.camId] ?? 'not known in this browser')
  }
  return (
    <div class="seal-row">
      <h1 class="camera-name">{camera.name}</h1>
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
          {path === 'direct' ? 'Direct connection, encrypted end to end' : 'Relayed, encrypted end to end'}
        </p>
      )}
      {confirmed &&
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
