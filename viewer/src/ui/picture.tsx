import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { sourceSentence } from '../failures.ts'
import type { LiveView } from '../live-view.ts'
import { Fault } from './fault.tsx'

/** The whole picture with its veil, so that one that has stopped says so in full screen too. */
function toggleFullScreen(picture: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void picture?.requestFullscreen()
}

export function Picture({
  view,
  name,
  sentence,
  connecting,
  privacy,
}: {
  view: LiveView
  name: string
  sentence: (code: string) => string
  connecting: string
  /** in place of the picture while the camera is private */
  privacy: ComponentChildren
}) {
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
      {privacy}
      {state !== 'live' && !privacy && (
        <div class="veil">
          {about ? (
            <p data-testid="source">{about}</p>
          ) : fault ? (
            <Fault sentence={sentence(fault)} />
          ) : (
            <p class="quiet-light">
              {state === 'stalled' ? 'The picture has stopped. It is not live.' : connecting}
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
