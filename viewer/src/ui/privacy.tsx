import { sentenceFor } from '../failures.ts'
import type { Home } from '../home.ts'

/** What the owner wants last: confirmed, or still under way. */
export function wantsPrivacy(home: Home, camId: string): { on: boolean; confirmed: boolean } {
  const { inForce, pending } = home.policies.of(camId).value
  const asked = pending
    .filter(operation => !operation.unsure)
    .flatMap(({ changes }) => changes)
    .findLast(change => change.op === 'privacy')
  if (asked?.op === 'privacy') return { on: asked.on, confirmed: false }
  return { on: inForce?.policy.privacy ?? false, confirmed: inForce !== undefined }
}

export const setPrivacy = (home: Home, camId: string, on: boolean): Promise<void> =>
  home.policies.keep(camId, [{ op: 'privacy', on }], on ? 'privacy on' : 'privacy off')

export function PrivacySwitch({ home, camId }: { home: Home; camId: string }) {
  const { on, confirmed } = wantsPrivacy(home, camId)
  return (
    <div class="switch-row">
      <div>
        <h2 id={`privacy-${camId}`}>Privacy</h2>
        <p class="quiet" data-testid="privacy-state">
          {on
            ? 'Private: the camera is off for everyone, until you turn it back on.'
            : 'The camera can be watched by the people above.'}
          {!confirmed && ' Not yet confirmed by the camera.'}
        </p>
      </div>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={on}
        aria-labelledby={`privacy-${camId}`}
        data-testid="privacy"
        onClick={() => void setPrivacy(home, camId, !on)}
      >
        <span aria-hidden="true" />
      </button>
    </div>
  )
}

/** In place of the picture: an open eye, crossed out, and who may open it again. */
export function PrivacyCard({ home, camId, isGuest }: { home: Home; camId: string; isGuest: boolean }) {
  const { on } = wantsPrivacy(home, camId)
  return (
    <div class="private" data-testid="privacy-card">
      <svg viewBox="0 0 24 24" width="40" height="40" aria-hidden="true">
        <path
          d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12zM4 21 20 3"
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
        />
        <circle cx="12" cy="12" r="2.6" fill="currentColor" />
      </svg>
      <p role="alert" data-testid="failure">
        {isGuest
          ? sentenceFor('private')
          : 'Private: the camera is off for everyone, until you turn it back on.'}
      </p>
      {!isGuest && (
        <button type="button" disabled={!on} onClick={() => void setPrivacy(home, camId, false)}>
          {on ? 'Turn the camera on' : 'Turning it on …'}
        </button>
      )}
    </div>
  )
}
