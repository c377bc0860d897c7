import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { enter, start } from '../app-state.ts'
import { Fault } from './fault.tsx'

/** A new password by the code that whoever runs the server hands over. */
export function PasswordReset({ token }: { token: string | undefined }) {
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const password = String(form.get('password') ?? '')
    if (password !== String(form.get('again') ?? '')) return setFault('The two passwords are not the same.')
    const code = token ?? codeOf(String(form.get('code') ?? ''))
    if (!code) return setFault('This is not a reset code. Copy all of it, or open the whole link.')
    setBusy(true)
    setFault(undefined)
    try {
      const { account } = await api.resetPassword(code, password)
      await enter(account, 'token')
    } catch (error) {
      setFault((error as Error).message)
      setBusy(false)
    }
  }
  return (
    <section class="card narrow">
      <h1>Set a new password</h1>
      {!token && <p>Ask whoever runs this server for a reset link. It is good once, and for half an hour.</p>}
      <form onSubmit={event => void submit(event)}>
        {!token && (
          <label>
            Link or code
            <input name="code" required autocomplete="off" autocapitalize="off" spellcheck={false} />
          </label>
        )}
        <label>
          New password
          <input name="password" type="password" required minLength={10} autocomplete="new-password" />
        </label>
        <label>
          The same again
          <input name="again" type="password" required minLength={10} autocomplete="new-password" />
        </label>
        <p class="quiet">At least 10 characters. Setting it ends every other sign-in.</p>
        <p>
          This gives you your account back, not your cameras: their keys are on your devices and in your
          recovery kit.
        </p>
        <Fault sentence={fault} />
        <div class="actions">
          <button type="button" class="secondary" onClick={() => void start(undefined)}>
            Cancel
          </button>
          <button type="submit" disabled={busy}>
            {busy ? 'One moment …' : 'Set the password'}
          </button>
        </div>
      </form>
    </section>
  )
}

/** The code itself, or the one in a link that was pasted whole. */
export const codeOf = (text: string): string | undefined =>
  /^(?:\S*#reset=)?([A-Za-z0-9_-]{20,64})$/.exec(text.trim())?.[1]
