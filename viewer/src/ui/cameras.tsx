import type { PublicKey } from '@ownsight/protocol/ids'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { sentenceFor } from '../failures.ts'
import { leaveCamera } from '../guest.ts'
import type { GuestCamera } from '../guest-store.ts'
import type { Home } from '../home.ts'
import { Fault } from './fault.tsx'
import { useInView } from './in-view.ts'
import { Keyless } from './keyless.tsx'
import { Confirm } from './people.tsx'
import { wantsPrivacy } from './privacy.tsx'

export function Cameras({ home }: { home: Home }) {
  const cameras = home.roster.value
  const guests = home.guests.list.value
  const isKnown = (camId: string) => [...cameras, ...guests].some(camera => camera.camId === camId)
  const elsewhere = [...home.presence.value.keys()].some(camId => !isKnown(camId))
  return (
    <section>
      <div class="row">
        <h1>Cameras</h1>
        {!home.keyless.value && (
          <button type="button" class="secondary" onClick={() => (page.value = { name: 'pair' })}>
            Add a camera
          </button>
        )}
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
      {home.keyless.value ? <Keyless home={home} /> : <Fault sentence={home.rosterFault.value} />}
      {elsewhere && !home.rosterFault.value && (
        <p class="quiet" data-testid="elsewhere">
          This account may reach a camera that this browser holds no key for. Each browser needs an invitation
          of its own: ask the owner.
        </p>
      )}
      {cameras.length + guests.length === 0 && !home.rosterFault.value && (
        <div class="card empty">
          <p>No camera yet.</p>
          <p class="quiet">Start a camera agent; it shows a code. Add the camera here with that code.</p>
          <button type="button" class="plain" onClick={() => (page.value = { name: 'recover' })}>
            I have had cameras here before, and a recovery kit
          </button>
        </div>
      )}
      <ul class="tiles" aria-label="Cameras">
        {cameras.map(camera => (
          <OwnTile key={camera.camId} home={home} camera={camera} />
        ))}
        {guests.map(camera => (
          <GuestTile key={camera.camId} home={home} camera={camera} />
        ))}
      </ul>
      <div class="links spaced">
        {cameras.length > 0 && (
          <button type="button" class="plain" onClick={() => (page.value = { name: 'devices' })}>
            My devices
          </button>
        )}
        <button type="button" class="plain" onClick={() => (page.value = { name: 'connection' })}>
          Test my connection
        </button>
      </div>
    </section>
  )
}

function Tile({
  home,
  camId,
  name,
  mayWatch,
  children,
}: {
  home: Home
  camId: string
  name: string
  /** the camera's key, where its picture may be had: a session is kept ready for the tap */
  mayWatch: PublicKey | undefined
  children?: ComponentChildren
}) {
  const online = home.presence.value.get(camId)?.online ?? false
  const tile = useInView<HTMLLIElement>(mayWatch && (() => home.prepared.want({ camId, key: mayWatch })))
  const isPrepared = home.prepared.ready.value.has(camId)
  const touch = () => mayWatch && online && !isPrepared && home.ahead.touch()
  return (
    <li ref={tile} data-testid="camera" data-prepared={isPrepared || undefined} class="tile">
      <button
        type="button"
        class="tile-open"
        onPointerEnter={touch}
        onPointerDown={touch}
        onPointerCancel={home.ahead.letGo}
        onFocus={touch}
        onClick={() => (page.value = { name: 'live', camId })}
      >
        <span class="tile-name" id={`name-${camId}`}>
          {name}
        </span>
        <span class={online ? 'dot on' : 'dot'} aria-hidden="true" />
        <span class="quiet">{online ? 'Online' : 'Offline'}</span>
      </button>
      {children}
    </li>
  )
}

function OwnTile({ home, camera }: { home: Home; camera: Home['roster']['value'][number] }) {
  const { camId, name, key } = camera
  const { inForce, pending } = home.policies.of(camId).value
  const isPrivate = wantsPrivacy(home, camId).on
  const settings = () => (page.value = { name: 'camera', camId })
  const waiting = inForce?.status.waiting.length ?? 0
  return (
    <Tile home={home} camId={camId} name={name} mayWatch={isPrivate ? undefined : key}>
      <div class="tile-foot">
        <span class="badges">
          {isPrivate && <span class="badge">Private</span>}
          {pending.length > 0 && (
            <span class="badge warn" data-testid="unconfirmed">
              Not yet confirmed
            </span>
          )}
          {home.unrestored.value.has(camId) && <Unrestored />}
          {home.alarms.value[camId] && (
            <button
              type="button"
              class="badge warn"
              data-testid="log-alarm"
              onClick={() => (page.value = { name: 'seen', camId })}
            >
              Its log was tampered with
            </button>
          )}
          {waiting > 0 && (
            <span class="badge warn" data-testid="guests-waiting">
              {waiting === 1 ? '1 guest waits' : `${waiting} guests wait`}
            </span>
          )}
        </span>
        <button type="button" class="plain" aria-describedby={`name-${camId}`} onClick={settings}>
          Settings
        </button>
      </div>
    </Tile>
  )
}

/** The kit was used, and this camera has not answered yet. */
function Unrestored() {
  return (
    <button
      type="button"
      class="badge warn"
      data-testid="unrestored"
      onClick={() => (page.value = { name: 'recover' })}
    >
      Not yet yours again: use the kit
    </button>
  )
}

function guestState(camera: GuestCamera): string {
  if (camera.ended) return sentenceFor(camera.ended)
  if (!camera.key) return 'The invitation is not taken up yet.'
  return camera.waiting === undefined ? 'You are a guest.' : 'Waiting for the owner to let you in.'
}

function GuestTile({ home, camera }: { home: Home; camera: GuestCamera }) {
  const [leaving, setLeaving] = useState(false)
  const isLetIn = camera.waiting === undefined && !camera.ended
  return (
    <Tile
      home={home}
      camId={camera.camId}
      name={camera.name}
      mayWatch={isLetIn ? (camera.key ?? undefined) : undefined}
    >
      <div class="tile-foot">
        <span class="quiet">{guestState(camera)}</span>
        <button
          type="button"
          class="plain"
          aria-describedby={`name-${camera.camId}`}
          onClick={() => setLeaving(true)}
        >
          {camera.ended ? 'Take off the list' : 'Leave'}
        </button>
      </div>
      {leaving && (
        <Confirm
          question={`Leave ${camera.name}? To watch it again you need a new invitation.`}
          yes="Leave"
          onYes={() => leaveCamera(home, camera.camId)}
          onDone={() => setLeaving(false)}
        />
      )}
    </Tile>
  )
}
