import type { Right } from '@ownsight/protocol/messages'
import { useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import type { Home } from '../home.ts'
import { invite } from '../invitations.ts'
import { momentOf } from '../when.ts'
import { Fault } from './fault.tsx'
import { RightBoxes } from './people.tsx'
import { Qr } from './qr.tsx'
import { Moment, Until, type UntilChoice, untilSeconds } from './until.tsx'

/** Makes one invitation for one person, and shows its link once. */
export function Share({ home, camId }: { home: Home; camId: string }) {
  const camera = home.roster.value.find(entry => entry.camId === camId)
  const [made, setMade] = useState<{ link: string; exp: number; name: string }>()
  if (!camera) return <Fault sentence="This camera is not in your list." />
  const back = () => (page.value = { name: 'camera', camId })
  return (
    <section class="card narrow">
      <button type="button" class="plain" onClick={back}>
        ← {camera.name}
      </button>
      {made ? (
        <LinkCard made={made} camera={camera.name} onDone={back} />
      ) : (
        <Wishes home={home} camera={camera} onMade={setMade} />
      )}
    </section>
  )
}

function Wishes({
  home,
  camera,
  onMade,
}: {
  home: Home
  camera: Home['roster']['value'][number]
  onMade: (made: { link: string; exp: number; name: string }) => void
}) {
  const [name, setName] = useState('')
  const [rights, setRights] = useState<readonly Right[]>(['view'])
  const [until, setUntil] = useState<UntilChoice>({ kind: 'week' })
  const [from, setFrom] = useState<number>()
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const end = untilSeconds(until)
    if (end !== null && end <= Math.max(from ?? 0, Date.now() / 1000))
      return setFault('The end is before the beginning, or past. Choose a later one.')
    setBusy(true)
    setFault(undefined)
    try {
      const wish = { name: name.trim(), rights, until: end, ...(from === undefined ? {} : { from }) }
      onMade({ ...(await invite(home, camera, wish)), name: wish.name })
    } catch (error) {
      setFault(error instanceof Error ? error.message : 'The invitation could not be made. Try again.')
      setBusy(false)
    }
  }
  return (
    <>
      <h1>Invite someone to {camera.name}</h1>
      <p>
        They get a link. When they have opened it, you are asked whether it was them; only then can they
        watch.
      </p>
      <form onSubmit={event => void submit(event)}>
        <label>
          Who is it for?
          <input
            name="guest"
            value={name}
            onInput={event => setName(event.currentTarget.value)}
            required
            maxLength={64}
            placeholder="Grandma"
            autocomplete="off"
          />
        </label>
        <RightBoxes rights={rights} onChange={setRights} />
        <Until choice={until} onChange={setUntil} />
        {from === undefined ? (
          <button
            type="button"
            class="plain start"
            onClick={() => setFrom(Math.ceil(Date.now() / 3_600_000) * 3600)}
          >
            Begin later
          </button>
        ) : (
          <Moment label="Begins" name="begins" value={from} onChange={setFrom} />
        )}
        <Fault sentence={fault} />
        <div class="actions">
          <button type="submit" disabled={busy}>
            {busy ? 'One moment …' : 'Make the link'}
          </button>
        </div>
      </form>
    </>
  )
}

function LinkCard({
  made,
  camera,
  onDone,
}: {
  made: { link: string; exp: number; name: string }
  camera: string
  onDone: () => void
}) {
  const [said, setSaid] = useState('')
  async function copy() {
    try {
      await navigator.clipboard.writeText(made.link)
      setSaid('Copied.')
    } catch {
      setSaid('This browser does not copy by itself: select the link and copy it.')
    }
  }
  const share = () =>
    navigator.share({ title: `Invitation to ${camera}`, url: made.link }).catch(() => undefined)
  return (
    <>
      <h1>The link for {made.name}</h1>
      <p>
        Send it to {made.name} alone. It works on one device, once, until {momentOf(made.exp)}, and it is
        shown only now: when it is lost, withdraw it and make another.
      </p>
      <div class="qr">
        <Qr text={made.link} label={`QR code of the link for ${made.name}`} />
      </div>
      <label>
        Link
        <input
          readOnly
          data-testid="invite-link"
          value={made.link}
          onFocus={event => event.currentTarget.select()}
        />
      </label>
      <p role="status" class="quiet">
        {said}
      </p>
      <div class="actions">
        <button type="button" class="secondary" onClick={() => void copy()}>
          Copy
        </button>
        {'share' in navigator && (
          <button type="button" class="secondary" onClick={() => void share()}>
            Share
          </button>
        )}
        <button type="button" onClick={onDone}>
          Done
        </button>
      </div>
    </>
  )
}
