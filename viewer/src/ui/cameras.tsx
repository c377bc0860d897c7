import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { Fault } from './fault.tsx'

export function Cameras({ home }: { home: Home }) {
  const cameras = home.roster.value
  return (
    <section>
      <div class="row">
        <h1>Cameras</h1>
        <button type="button" class="secondary" onClick={() => (page.value = { name: 'pair' })}>
          Add a camera
        </button>
      </div>
      {home.kitPending.value && (
        <button
          type="button"
          class="badge-warn"
          onClick={() => (page.value = { name: 'kit', after: 'cameras' })}
        >
          No recovery kit yet. Make it now
        </button>
      )}
      <Fault sentence={home.rosterFault.value} />
      {cameras.length === 0 && !home.rosterFault.value && (
        <div class="card empty">
          <p>No camera yet.</p>
          <p class="quiet">Start a camera agent; it shows a code. Add the camera here with that code.</p>
        </div>
      )}
      <ul class="tiles" aria-label="Cameras">
        {cameras.map(camera => {
          const online = home.presence.value.get(camera.camId)?.online ?? false
          return (
            <li key={camera.camId} data-testid="camera">
              <button
                type="button"
                class="tile"
                onClick={() => (page.value = { name: 'live', camId: camera.camId })}
              >
                <span class="tile-name">{camera.name}</span>
                <span class={online ? 'dot on' : 'dot'} aria-hidden="true" />
                <span class="quiet">{online ? 'Online' : 'Offline'}</span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
