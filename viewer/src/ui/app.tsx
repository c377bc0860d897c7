import { useEffect, useRef } from 'preact/hooks'
import { home, page } from '../app-state.ts'
import { AddDevice } from './add-device.tsx'
import { CameraSettings } from './camera-settings.tsx'
import { Cameras } from './cameras.tsx'
import { ConnectionTest } from './connection.tsx'
import { Devices } from './devices.tsx'
import { Header } from './header.tsx'
import { Invited, InvitedDoor } from './invited.tsx'
import { Join } from './join.tsx'
import { Kit } from './kit.tsx'
import { Live } from './live.tsx'
import { Pair } from './pair.tsx'
import { PasswordReset } from './password-reset.tsx'
import { Recover } from './recover.tsx'
import { Seen } from './seen.tsx'
import { Share } from './share.tsx'
import { SignIn } from './sign-in.tsx'

/** One page at a time, made anew for each account and each camera: no component keeps what belonged to another. */
export function App() {
  const current = page.value
  const account = home.value
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    main.current?.focus()
  }, [current.name])
  return (
    <>
      <Header />
      <main ref={main} tabIndex={-1} key={`${account?.account.id}/${current.name}`}>
        <Content />
      </main>
    </>
  )
}

function Content() {
  const current = page.value
  const account = home.value
  if (current.name === 'loading') return <p class="quiet">Opening …</p>
  if (current.name === 'insecure')
    return (
      <section class="card">
        <h1>This page is not secure</h1>
        <p>
          Ownsight keeps its keys in the browser, and browsers allow that only for pages opened over https://,
          or on the machine itself. Ask whoever runs this server for its https address.
        </p>
      </section>
    )
  if (current.name === 'invited') return account ? <Invited home={account} /> : <InvitedDoor />
  if (current.name === 'reset') return <PasswordReset token={current.token} />
  if (current.name === 'sign-in' || !account)
    return (
      <SignIn
        setup={current.name === 'sign-in' && current.setup}
        note={current.name === 'sign-in' ? current.note : undefined}
      />
    )
  if (current.name === 'pair') return <Pair home={account} />
  if (current.name === 'kit') return <Kit home={account} after={current.after} />
  if (current.name === 'live') return <Live home={account} camId={current.camId} key={current.camId} />
  if (current.name === 'camera')
    return <CameraSettings home={account} camId={current.camId} key={current.camId} />
  if (current.name === 'seen') return <Seen home={account} camId={current.camId} key={current.camId} />
  if (current.name === 'join') return <Join home={account} />
  if (current.name === 'devices') return <Devices home={account} />
  if (current.name === 'add-device') return <AddDevice home={account} />
  if (current.name === 'connection') return <ConnectionTest home={account} />
  if (current.name === 'recover') return <Recover home={account} />
  if (current.name === 'share') return <Share home={account} camId={current.camId} />
  return <Cameras home={account} />
}
