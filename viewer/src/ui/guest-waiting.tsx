import { useEffect, useState } from 'preact/hooks'
import { page } from '../app-state.ts'
import { WAITING } from '../failures.ts'
import { InviteFault, lookAgain, noticeChange, redeem } from '../guest.ts'
import type { GuestCamera } from '../guest-store.ts'
import type { Home } from '../home.ts'
import { Fault } from './fault.tsx'

/** A sign that is lost must not leave a guest waiting for ever. */
const LOOK_AGAIN_MS = 30_000

/** A guest between the opened link and the owner's word. Goes on by itself when the camera's policy changed. */
export function GuestWaiting({ home, camera }: { home: Home; camera: GuestCamera }) {
  const [fault, setFault] = useState<string>()
  const beacon = home.presence.value.get(camera.camId)?.beacon
  useEffect(() => {
    if (beacon) void noticeChange(home, camera.camId, beacon)
  }, [home, camera, beacon])
  useEffect(() => {
    const timer = setTimeout(() => void lookAgain(home, camera.camId), LOOK_AGAIN_MS)
    return () => clearTimeout(timer)
  }, [home, camera])
  async function again() {
    setFault(undefined)
    await redeem(home, camera.camId).catch(error =>
      setFault(
        error instanceof InviteFault ? error.message : 'The invitation could not be taken up. Try again.',
      ),
    )
  }
  return (
    <section class="live">
      <div class="row">
        <button type="button" class="plain" onClick={() => (page.value = { name: 'cameras' })}>
          ← Cameras
        </button>
      </div>
      <div class="picture">
        <div class="veil">
          <p class="quiet-light" role="status" data-testid="guest-waiting">
            {camera.key ? WAITING : 'The invitation is not taken up yet.'}
          </p>
        </div>
      </div>
      <div class="seal-row">
        <h1 class="camera-name">{camera.name}</h1>
        {camera.key && (
          <p class="quiet">
            The camera has tied your invitation to this browser. Its owner sees that and decides; this page
            goes on by itself.
          </p>
        )}
        <Fault sentence={fault} />
        {!camera.key && (
          <button type="button" onClick={() => void again()}>
            Try again
          </button>
        )}
      </div>
    </section>
  )
}
