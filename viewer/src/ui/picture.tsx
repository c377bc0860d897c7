import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { sourceSentence } from '../failures.ts'
import type { LiveState } from '../live-state.ts'
import type { LiveView } from '../live-view.ts'
import { clockOf } from '../when.ts'
import { Fault } from './fault.tsx'
import { dimOf, LastPicture, PictureAge } from './last-picture.tsx'
import { SoundButton, useSound } from './sound.tsx'
import { Video } from './video.tsx'

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
  const picture = useRef<HTMLDivElement>(null)
  const state = view.state.value
  const shown = view.shown.value
  const coming = view.coming.value
  const last = view.last.value
  const sessions = [shown, coming].filter(session => session !== undefined)
  const age = view.age.value
  const sound = useSound(shown)
  return (
    <div ref={picture} class={`picture ${state}`} style={{ '--dim': dimOf(age ?? 0) }}>
      {sessions.map(session => (
        <Video
          key={session.id}
          session={session}
          name={name}
          isShown={session === shown}
          isHeard={sound.isOn && session === shown}
          onSilenced={() => sound.set(false)}
        />
      ))}
      {last && state !== 'live' && !privacy && <LastPicture image={last.image} />}
      {privacy}
      {state !== 'live' && !privacy && (
        <div class="veil">
          <Why view={view} sentence={sentence} connecting={connecting} />
          {age !== undefined && <PictureAge age={age} takenAt={shown?.takenAt.value ?? last?.takenAt} />}
        </div>
      )}
      {state === 'live' && shown?.takenAt.value !== undefined && (
        <p class="taken" data-testid="camera-time" title="By the camera's clock">
          {clockOf(shown.takenAt.value)}
        </p>
      )}
      <SoundButton sound={sound} />
      {shown && document.fullscreenEnabled && (
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

const SENTENCES: { [state in LiveState]?: string } = {
  stalled: 'The picture has stopped. It is not live.',
  reconnecting: 'The connection was lost. Making a new one.',
  offline: 'Not connected. It goes on by itself when the connection is back.',
  paused: 'Paused while this page was hidden.',
}

/** Why there is no live picture, in one sentence: the source's own word first, then what went wrong last. */
function Why({
  view,
  sentence,
  connecting,
}: {
  view: LiveView
  sentence: (code: string) => string
  connecting: string
}) {
  const source = view.shown.value?.source.value
  const about = source && sourceSentence(source.state, source.code)
  const fault = view.fault.value
  if (about) return <p data-testid="source">{about}</p>
  if (fault) return <Fault sentence={sentence(fault)} />
  return <p class="quiet-light">{SENTENCES[view.state.value] ?? connecting}</p>
}
