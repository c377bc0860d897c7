import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { enter, page } from '../app-state.ts'
import { isLoopbackHost } from '../origin.ts'
import { Fault } from './fault.tsx'

type Mode = 'sign-in' | 'setup' | 'invitation'

const TITLES: { [mode in Mode]: string } = {
  'sign-in': 'Sign in',
  setup: 'Make the first account',
  invitation: 'Join with an invitation',
}

export function SignIn({ setup, note }: { setup: boolean; note: string | undefined }) {
  const [mode, setMode] = useState<Mode>(setup ? 'setup' : 'sign-in')
  const [fault, setFault] = useState(note)
  const [busy, setBusy] = useState(false)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const field = (name: string) => String(form.get(name) ?? '').trim()
    const credentials = { name: field('name'), password: String(form.get('password') ?? '') }
    setBusy(true)
    setFault(undefined)
    try {
      const { account } =
        mode === 'sign-in'
          ? await api.signIn(credentials)
          : await api.signUp(
              mode === 'setup'
                ? { token: field('token'), ...credentials }
                : { invitation: field('token'), ...credentials },
            )
      await enter(account, credentials)
    } catch (error) {
      setFault((error as Error).message)
      setBusy(false)
    }
  }
  return (
    <section class="card narrow">
      <h1>{TITLES[mode]}</h1>
      {mode === 'setup' && (
        <p>The signaling server printed a token where it was started. It makes the first account.</p>
      )}
      <form onSubmit={event => void submit(event)}>
        {mode !== 'sign-in' && (
          <label>
            {mode === 'setup' ? 'Token from the console' : 'Invitation'}
            <input name="token" required autocomplete="off" autocapitalize="off" spellcheck={false} />
          </label>
        )}
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
            minLength={mode === 'sign-in' ? 1 : 10}
            autocomplete={mode === 'sign-in' ? 'current-password' : 'new-password'}
          />
        </label>
        {mode !== 'sign-in' && (
          <p class="quiet">
            At least 10 characters. It opens the account, not the cameras: keys in this browser do that.
          </p>
        )}
        <Fault sentence={fault} />
        <button type="submit" disabled={busy}>
          {busy ? 'One moment …' : TITLES[mode]}
        </button>
      </form>
      {isLoopbackHost(location.hostname) && (
        <p class="quiet">Started with npm start? Press Enter there, and open the new link it prints.</p>
      )}
      {!setup && (
        <button
          type="button"
          class="plain"
          onClick={() => setMode(mode === 'sign-in' ? 'invitation' : 'sign-in')}
        >
          {mode === 'sign-in' ? 'I have an invitation' : 'I have an account'}
        </button>
      )}
      {mode === 'sign-in' && (
        <button type="button" class="plain" onClick={() => (page.value = { name: 'reset' })}>
          I forgot my password
        </button>
      )}
    </section>
  )
}
