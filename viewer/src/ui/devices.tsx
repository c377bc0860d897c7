import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { devicesOf, type OwnDevice, removeDevice } from '../devices.ts'
import type { Home } from '../home.ts'
import { Confirm } from './people.tsx'

/** Every device that decides about the cameras, as the cameras themselves have confirmed. */
export function Devices({ home }: { home: Home }) {
  const devices = useDevices(home)
  useEffect(() => {
    void home.reloadList()
    void home.policies.deliverAll()
  }, [home])
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
      </div>
      <header>
        <h1>My devices</h1>
        <p class="quiet">
          Each of them decides about your cameras: who may watch, and which devices these are.
        </p>
      </header>
      <section class="card" aria-label="My devices">
        <ul class="people">
          {devices.map(device => (
            <Device key={device.admin} home={home} device={device} />
          ))}
        </ul>
        {devices.length === 0 && <p class="quiet">Shown when a camera has been reached.</p>}
      </section>
      <button type="button" onClick={() => (page.value = { name: 'add-device' })}>
        Add another of my devices
      </button>
      <details class="card">
        <summary>A device is lost, or does what you did not do</summary>
        <p>
          Remove it above. It can do the same to this one: if a camera stops obeying you, take everything back
          with the recovery kit, which outranks every device.
        </p>
        <button type="button" class="secondary" onClick={() => (page.value = { name: 'recover' })}>
          Use my recovery kit
        </button>
      </details>
    </div>
  )
}

function useDevices(home: Home): OwnDevice[] {
  const [devices, setDevices] = useState<OwnDevice[]>([])
  const cameras = home.roster.value.map(({ camId, name }) => ({
    name,
    policy: home.policies.of(camId).value,
  }))
  const people = home.people.value
  useEffect(() => {
    let over = false
    const own = { view: home.device.view.id, admin: home.device.admin.id }
    void devicesOf(cameras, { people, own }).then(found => {
      if (!over) setDevices(found)
    })
    return () => {
      over = true
    }
  }, [home, people, ...cameras.map(({ policy }) => policy)])
  return devices
}

const STATES = {
  adding: 'has not yet confirmed it',
  removing: 'has not yet confirmed the removal',
} as const

function Device({ home, device }: { home: Home; device: OwnDevice }) {
  const [asking, setAsking] = useState(false)
  const open = device.cameras.filter(camera => camera.state !== 'confirmed')
  const confirmed = device.cameras.filter(({ state }) => state === 'confirmed')
  return (
    <li data-testid="device" data-state={open.length > 0 ? 'pending' : 'confirmed'}>
      <div class="person">
        <div>
          <strong>{device.name}</strong>
          {device.self && <span class="tag">this one</span>}
          {confirmed.length > 0 && <p class="quiet">{confirmed.map(({ name }) => name).join(', ')}</p>}
          {open.map(({ name, state }) => (
            <p key={name} class="unconfirmed">
              {name} {state === 'confirmed' ? '' : STATES[state]}
            </p>
          ))}
        </div>
        {!device.self && (
          <button type="button" class="plain danger" aria-expanded={asking} onClick={() => setAsking(true)}>
            Remove<span class="hidden"> {device.name}</span>
          </button>
        )}
      </div>
      {asking && (
        <Confirm
          question={`Remove ${device.name}? It can then neither watch nor change anything. What it has seen it has seen: the names of your cameras, too.`}
          yes="Remove"
          onYes={() => removeDevice(home, device)}
          onDone={() => setAsking(false)}
        />
      )}
    </li>
  )
}
