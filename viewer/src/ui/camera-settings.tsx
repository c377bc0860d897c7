import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { forgetCamera, releaseCamera } from '../release.ts'
import { Fault } from './fault.tsx'
import { Invitations, People, useCircle } from './people.tsx'
import { PolicyState, Unsure } from './policy-state.tsx'
import { PrivacySwitch } from './privacy.tsx'
import { Waiting } from './waiting.tsx'

/** Everything an owner decides about one camera. */
export function CameraSettings({ home, camId }: { home: Home; camId: string }) {
  const camera = home.roster.value.find(entry => entry.camId === camId)
  const circle = useCircle(home, camId)
  useEffect(() => void home.policies.refresh(camId), [home, camId])
  if (!camera) return <Fault sentence="This camera is not in your list." />
  const { name } = camera
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
        <button type="button" class="secondary" onClick={() => (page.value = { name: 'live', camId })}>
          Watch
        </button>
      </div>
      <header>
        <h1 class="camera-name">{name}</h1>
        <PolicyState home={home} camId={camId} name={name} />
      </header>
      <Unsure home={home} camId={camId} />
      {circle && <Waiting home={home} camId={camId} circle={circle} />}
      <section class="card" aria-label="People">
        <div class="row">
          <h2>People</h2>
          <button type="button" onClick={() => (page.value = { name: 'share', camId })}>
            Invite
          </button>
        </div>
        {circle ? (
          <>
            <People home={home} camId={camId} circle={circle} />
            {circle.invitations.length > 0 && (
              <>
                <h3>Open invitations</h3>
                <Invitations home={home} camId={camId} circle={circle} />
              </>
            )}
          </>
        ) : (
          <p class="quiet">Who may watch is shown when the camera has been reached.</p>
        )}
      </section>
      <button type="button" class="secondary start" onClick={() => (page.value = { name: 'seen', camId })}>
        Who saw this camera
      </button>
      <section class="card" aria-label="Privacy">
        <PrivacySwitch home={home} camId={camId} />
      </section>
      <Rename home={home} camId={camId} name={name} />
      <HandOver home={home} camId={camId} name={name} />
    </div>
  )
}

function Rename({ home, camId, name }: { home: Home; camId: string; name: string }) {
  const [value, setValue] = useState(name)
  const [said, setSaid] = useState('')
  const [fault, setFault] = useState<string>()
  async function save(event: SubmitEvent) {
    event.preventDefault()
    setFault(undefined)
    const next = value.trim()
    try {
      await home.updateList(({ roster, people }) => ({
        roster: roster.map(entry => (entry.camId === camId ? { ...entry, name: next } : entry)),
        people,
      }))
      setSaid('Saved.')
    } catch (error) {
      setFault(error instanceof Error ? error.message : 'The name could not be saved.')
    }
  }
  return (
    <section class="card">
      <h2>Name</h2>
      <form class="in-line" onSubmit={event => void save(event)}>
        <label>
          <span class="hidden">Name of the camera</span>
          <input
            name="camera-name"
            value={value}
            required
            maxLength={64}
            autocomplete="off"
            onInput={event => {
              setValue(event.currentTarget.value)
              setSaid('')
            }}
          />
        </label>
        <button type="submit" class="secondary" disabled={value.trim() === name || value.trim() === ''}>
          Rename
        </button>
      </form>
      <Fault sentence={fault} />
      <p class="quiet" role="status">
        {said || 'Only your own devices see it. Guests keep the name from their link.'}
      </p>
    </section>
  )
}

function HandOver({ home, camId, name }: { home: Home; camId: string; name: string }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const isTyped = typed.trim() === name
  async function run(work: (home: Home, camId: string) => Promise<void>) {
    setBusy(true)
    setFault(undefined)
    try {
      await work(home, camId)
      page.value = { name: 'cameras' }
    } catch (error) {
      setFault(error instanceof Error ? error.message : 'This did not work. Try again.')
      setBusy(false)
    }
  }
  return (
    <details class="card">
      <summary>Hand this camera over</summary>
      <p>
        For when you sell it or give it away. The camera forgets you and everyone you let in, erases its log,
        makes itself a new key and shows a new pairing code. This cannot be undone: whoever pairs it next is
        its owner.
      </p>
      <label class="spaced">
        Type the camera’s name, {name}, to go on
        <input
          name="typed-name"
          value={typed}
          autocomplete="off"
          onInput={event => setTyped(event.currentTarget.value)}
        />
      </label>
      <Fault sentence={fault} />
      <div class="actions">
        <button
          type="button"
          class="dangerous"
          disabled={!isTyped || busy}
          onClick={() => void run(releaseCamera)}
        >
          {busy ? 'Waiting for the camera …' : 'Hand over'}
        </button>
      </div>
      <p class="quiet">
        Is it broken, or was it reset with its button? Then it cannot answer any more:{' '}
        <button
          type="button"
          class="plain"
          disabled={!isTyped || busy}
          onClick={() => void run(forgetCamera)}
        >
          take it out of the list only
        </button>
      </p>
    </details>
  )
}
