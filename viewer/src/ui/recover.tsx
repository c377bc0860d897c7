import { useEffect, useMemo, useState } from 'preact/hooks'
import { api } from '../api.ts'
import { page } from '../app-state.ts'
import { deviceName } from '../device-name.ts'
import type { Home } from '../home.ts'
import { openOwnList, RecoverFault, readKit } from '../recover.ts'
import { type Candidate, openRestoring, type Restoring, type RestoringCamera } from '../restoring.ts'
import { KitEntry } from './kit-entry.tsx'

/** From the kit to cameras that obey this device, in three steps: open, look, take back. */
export function Recover({ home }: { home: Home }) {
  const [fault, setFault] = useState<string>()
  const [opened, setOpened] = useState<{ restoring: Restoring; missing: number }>()
  const ended = useMemo(() => new AbortController(), [])
  useEffect(() => () => ended.abort(), [ended])

  async function open(text: string) {
    setFault(undefined)
    try {
      const kit = await readKit(text)
      const { sealed } = await api.roster()
      const list = await openOwnList(kit, sealed, await home.keystore.rosterFloor())
      const restoring = openRestoring(home, kit, list, ended.signal)
      setOpened({ restoring, missing: list.missing })
    } catch (error) {
      const isTold = error instanceof RecoverFault || (error as Error).name === 'ApiFault'
      setFault(isTold ? (error as Error).message : 'The kit could not be opened. Try again.')
    }
  }
  if (!opened) return <KitEntry fault={fault} onKit={text => void open(text)} />
  return <TakeBack home={home} {...opened} />
}

function TakeBack({ home, restoring, missing }: { home: Home; restoring: Restoring; missing: number }) {
  const [looked, setLooked] = useState(false)
  const [started, setStarted] = useState(false)
  useEffect(() => void restoring.look().then(() => setLooked(true)), [restoring])
  const cameras = restoring.cameras.value
  return (
    <section class="card narrow">
      <h1>{started ? 'Taking your cameras back' : 'Your kit is right'}</h1>
      {missing > 0 && (
        <p class="unconfirmed" role="alert" data-testid="missing">
          {missing === 1 ? 'One camera' : `${missing} cameras`} of your kit {missing === 1 ? 'is' : 'are'} not
          in the list that the server sent. You gave {missing === 1 ? 'it' : 'them'} away since, or the server
          shows you an old list.
        </p>
      )}
      <ul class="people" aria-label="Cameras" aria-live="polite">
        {cameras.map(camera => (
          <li key={camera.camId} data-testid="restoring" data-step={camera.step}>
            <strong>{camera.name}</strong>
            <p class={isTrouble(camera) ? 'fault' : 'quiet'}>{sentenceOf(camera, started)}</p>
          </li>
        ))}
      </ul>
      {cameras.length === 0 && <p>There is no camera in your list.</p>}
      {started ? (
        <After cameras={cameras} />
      ) : (
        <Choose home={home} restoring={restoring} ready={looked} onStart={() => setStarted(true)} />
      )}
    </section>
  )
}

function Choose({
  home,
  restoring,
  ready,
  onStart,
}: {
  home: Home
  restoring: Restoring
  ready: boolean
  onStart: () => void
}) {
  const candidates = restoring.candidates.value
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(new Set())
  const stays = ({ id, kind }: Candidate) => (kind === 'person') !== flipped.has(id)
  function flip(id: string) {
    const next = new Set(flipped)
    if (!next.delete(id)) next.add(id)
    setFlipped(next)
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        const name = String(new FormData(event.currentTarget).get('device') ?? '').trim()
        onStart()
        void restoring.restore(new Set(candidates.filter(stays).map(({ id }) => id)), name || deviceName())
      }}
    >
      <p>
        Only this device decides from now on. Your other devices are taken out, whoever holds them, and open
        invitations end.
      </p>
      {candidates.length > 0 && (
        <fieldset class="boxes">
          <legend>Who goes on watching</legend>
          {candidates.map(candidate => (
            <label key={candidate.id} class="box" data-testid="candidate">
              <input type="checkbox" checked={stays(candidate)} onChange={() => flip(candidate.id)} />
              <span>
                {candidate.name}
                <span class="quiet">
                  {candidate.kind === 'device' && ' · one of your devices'} · {candidate.cameras.join(', ')}
                </span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <label>
        What this device is called
        <input name="device" maxLength={64} defaultValue={deviceName()} autocomplete="off" />
      </label>
      <div class="actions">
        <button type="button" class="secondary" onClick={() => (page.value = { name: 'cameras' })}>
          Cancel
        </button>
        <button type="submit" disabled={!ready || home.signal.aborted}>
          {ready ? 'Take my cameras back' : 'Asking the cameras …'}
        </button>
      </div>
    </form>
  )
}

function After({ cameras }: { cameras: readonly RestoringCamera[] }) {
  const isWaiting = cameras.some(({ step }) => step === 'offline')
  return (
    <>
      {isWaiting && (
        <p class="unconfirmed" data-testid="keep-open">
          Keep this page open until the others have answered. The kit itself is not kept here: if you leave,
          you need it once more for them.
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          disabled={cameras.some(({ step }) => step === 'restoring')}
          onClick={() => (page.value = { name: 'cameras' })}
        >
          {isWaiting ? 'Leave' : 'Done'}
        </button>
      </div>
    </>
  )
}

const isTrouble = ({ step }: RestoringCamera): boolean => step === 'foreign' || step === 'refused'

function sentenceOf({ name, step }: RestoringCamera, started: boolean): string {
  switch (step) {
    case 'asking':
      return 'Asking …'
    case 'found':
      return 'Answered, and is yours by this kit.'
    case 'restoring':
      return 'Waiting for its confirmation …'
    case 'restored':
      return `${name}: yours again.`
    case 'offline':
      return started
        ? `${name} does not answer. Ownsight keeps trying while this page is open.`
        : 'Does not answer now. It can follow later.'
    case 'foreign':
      return `Something answered in place of ${name}, and was not believed.`
    case 'refused':
      return `${name} did not take this kit. It was reset or handed over since, or the server keeps you from it.`
  }
}
