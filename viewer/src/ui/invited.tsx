import { useEffect, useState } from 'preact/hooks'
import { ApiFault, api } from '../api.ts'
import { enter, openedInvite, page } from '../app-state.ts'
import { InviteFault, keepInvitation, readInvitation, redeem } from '../guest.ts'
import type { Home } from '../home.ts'
import { Fault } from './fault.tsx'

/** Opened by an owner's link, before there is an account: make one, or sign in to one. */
export function InvitedDoor() {
  const link = openedInvite.value
  const [known, setKnown] = useState(false)
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  let camera = ''
  try {
    camera = link ? readInvitation(link).name : ''
  } catch (error) {
    return <Fault sentence={(error as Error).message} />
  }
  if (!link) return null

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const credentials = {
      name: String(form.get('name') ?? '').trim(),
      password: String(form.get('password') ?? ''),
    }
    setBusy(true)
    setFault(undefined)
    try {
      const { account } = known
        ? await api.signIn(credentials)
        : await api.signUp({ invitation: link?.server ?? '', ...credentials })
      await enter(account, credentials)
    } catch (error) {
      const isUsed = error instanceof ApiFault && error.code === 'bad_token'
      setFault(
        isUsed
          ? 'This link was used already, or has ended. Ask for an invitation of your own.'
          : (error as Error).message,
      )
      setBusy(false)
    }
  }
  return (
    <section class="card narrow">
      <h1>You are invited to watch “{camera}”</h1>
      <p>
        {known
          ? 'Sign in, and the invitation is taken up on this device.'
          : 'Make an account on this server. The owner of the camera then sees that you are here and lets you in.'}
      </p>
      <form onSubmit={event => void submit(event)}>
        <label>
          Name
          <input name="name" required maxLength={64} autocomplete="username" autocapitalize="off" />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            required
            minLength={known ? 1 : 10}
            autocomplete={known ? 'current-password' : 'new-password'}
          />
        </label>
        {!known && (
          <p class="quiet">
            At least 10 characters. What lets you watch is a key that stays in this browser; the password only
            opens the account.
          </p>
        )}
        <Fault sentence={fault} />
        <button type="submit" disabled={busy}>
          {busy ? 'One moment …' : known ? 'Sign in' : 'Make the account'}
        </button>
      </form>
      <button type="button" class="plain" onClick={() => setKnown(!known)}>
        {known ? 'I have no account here' : 'I have an account here'}
      </button>
    </section>
  )
}

/** Signed in with an invitation at hand: takes it up, and goes on to the camera's own page. */
export function Invited({ home }: { home: Home }) {
  const [fault, setFault] = useState<string>()
  const [camId, setCamId] = useState<string>()
  async function takeUp() {
    setFault(undefined)
    const link = openedInvite.value
    try {
      const cam = camId ?? (link && (await keepInvitation(home, link)))
      if (!cam) {
        page.value = { name: 'cameras' }
        return
      }
      setCamId(cam)
      openedInvite.value = undefined
      await redeem(home, cam)
      page.value = { name: 'live', camId: cam }
    } catch (error) {
      setFault(
        error instanceof InviteFault ? error.message : 'The invitation could not be taken up. Try again.',
      )
    }
  }
  useEffect(() => void takeUp(), [])
  return (
    <section class="card narrow">
      <h1>Your invitation</h1>
      {fault ? <Fault sentence={fault} /> : <p role="status">Asking the camera …</p>}
      {fault && (
        <div class="actions">
          <button type="button" class="secondary" onClick={() => (page.value = { name: 'cameras' })}>
            Cameras
          </button>
          {camId && (
            <button type="button" onClick={() => void takeUp()}>
              Try again
            </button>
          )}
        </div>
      )}
    </section>
  )
}
