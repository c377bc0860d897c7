import { useEffect, useState } from 'preact/hooks'
import type { ViewSession } from '../view-session.ts'

export type Sound = {
  /** the session may hear its camera, and the camera can be heard */
  readonly isThere: boolean
  /** it is there, and turned on */
  readonly isOn: boolean
  set(on: boolean): void
}

/**
 * The sound of what is shown: off at first, as browsers want it, and kept on from session to session once somebody has
 * turned it on here. Only the session that is shown is asked for it.
 */
export function useSound(shown: ViewSession | undefined): Sound {
  const [isWanted, set] = useState(false)
  const isThere = shown?.canHear.value === true
  const isOn = isThere && isWanted
  useEffect(() => shown?.listen(isOn), [shown, isOn])
  return { isThere, isOn, set }
}

export function SoundButton({ sound }: { sound: Sound }) {
  if (!sound.isThere) return null
  return (
    <button
      type="button"
      class="speaker"
      aria-label="Sound on/off"
      aria-pressed={sound.isOn}
      title={sound.isOn ? 'Sound is on' : 'Sound is off'}
      onClick={() => sound.set(!sound.isOn)}
    >
      <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
        <path
          d={`M2 6v4h2.5L8 13V3L4.5 6z${sound.isOn ? 'M10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.4 6.4 0 0 1 0 9' : 'M10.5 6l4 4M14.5 6l-4 4'}`}
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
    </button>
  )
}
