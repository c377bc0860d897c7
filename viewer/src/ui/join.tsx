import { useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { deviceName } from '../device-name.ts'
import type { Home } from '../home.ts'
import { JoinFault, joinByCode } from '../join.ts'
import { Fault } from './fault.tsx'
import { Scan } from './scan.tsx'

/** The new device's half: reads the code that another one shows. */
export function Join({ home }: { home: Home }) {
  const [code, setCode] = useState('')
  const [name, setName] = useState(deviceName())
  const [scanning, setScanning] = useState(false)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const [phrase, setPhrase] = useState<string>()

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    setBusy(true)
    setFault(undefined)
    try {
      setPhrase((await joinByCode(home, code, name.trim() || deviceName())).phrase)
    } catch (error) {
      setFault(error instanceof JoinFault ? error.message : 'This did not work. Try again.')
    } finally {
      setBusy(false)
    }
  }
  if (phrase) return <Added home={home} phrase={phrase} />
  return (
    <section class="card narrow">
      <h1>Add this browser</h1>
      <p>
        On a device that shows your cameras, open <strong>My devices</strong>, then{' '}
        <strong>Add another of my devices</strong>. It shows a code.
      </p>
      {scanning ? (
        <Scan
          starts="os1-join:"
          onCode={found => {
            setCode(found)
            setScanning(false)
          }}
          onCancel={() => setScanning(false)}
        />
      ) : (
        <button type="button" class="secondary" onClick={() => setScanning(true)}>
          Scan with this device's camera
        </button>
      )}
      <form onSubmit={event => void submit(event)}>
        <label>
          Code
          <input
            data-testid="join-code"
            value={code}
            onInput={event => setCode(event.currentTarget.value)}
            required
            placeholder="os1-join:…"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
          />
        </label>
        <label>
          What this device is called
          <input
            data-testid="device-name"
            value={name}
            onInput={event => setName(event.currentTarget.value)}
            required
            maxLength={64}
            autocomplete="off"
          />
        </label>
        <Fault sentence={fault} />
        <div class="actions">
          <button type="button" class="secondary" onClick={() => (page.value = { name: 'cameras' })}>
            Cancel
          </button>
          <button type="submit" disabled={busy}>
            {busy ? 'Adding …' : 'Add'}
          </button>
        </div>
      </form>
    </section>
  )
}

function Added({ home, phrase }: { home: Home; phrase: string }) {
  const cameras = home.roster.value.map(camera => ({
    ...camera,
    confirmed: home.policies.of(camera.camId).value.inForce !== undefined,
  }))
  return (
    <section class="card narrow">
      <h1>This device is added</h1>
      <p>The other device shows the same four words. If it shows others, remove this device there at once.</p>
      <p class="phrase" data-testid="phrase">
        {phrase}
      </p>
      <ul class="people" aria-label="Cameras" aria-live="polite">
        {cameras.map(({ camId, name, confirmed }) => (
          <li key={camId} data-testid="joined-camera" data-state={confirmed ? 'confirmed' : 'pending'}>
            <strong>{name}</strong>
            <p class="quiet">
              {confirmed
                ? 'Has confirmed this device.'
                : 'Has not yet confirmed this device. The other one delivers it as soon as the camera can be reached.'}
            </p>
          </li>
        ))}
      </ul>
      <div class="actions">
        <button type="button" onClick={() => (page.value = { name: 'cameras' })}>
          To my cameras
        </button>
      </div>
    </section>
  )
}
