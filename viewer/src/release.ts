import { openReleased, sealRelease } from '@ownsight/protocol/release'
import { api } from './api.ts'
import type { Home } from './home.ts'

/** Why a camera was not handed over; the message is the sentence to show. */
export class ReleaseFault extends Error {
  override readonly name = 'ReleaseFault'
}

/**
 * Hands a camera over: it forgets this home and its own key, and shows a new pairing code. Only its own signed word
 * takes it out of the list. @throws ReleaseFault
 */
export async function releaseCamera(home: Home, camId: string): Promise<void> {
  const pin = home.roster.value.find(camera => camera.camId === camId)?.key
  if (!pin) throw new ReleaseFault('This camera is not in your list.')
  const { id } = home.device.admin
  await home.policies.refresh(camId)
  const { inForce, trouble } = home.policies.of(camId).value
  if (!inForce || trouble)
    throw new ReleaseFault(
      'The camera cannot be reached now, and it must confirm this itself. Try again later.',
    )
  const ph = inForce.hash
  const release = await sealRelease(home.device.admin, camId, { n: inForce.policy.n, ph })
  const reply = await home.signaling.request('release', { cam: camId, release })
  if (!('released' in reply))
    throw new ReleaseFault('The camera has not confirmed that it let go. Nothing was changed in your list.')
  await openReleased(reply.released, { camId, pin, asker: id, ph }).catch(() => {
    throw new ReleaseFault('Something answered in place of your camera. Nothing was changed in your list.')
  })
  await forgetCamera(home, camId)
}

/** Takes a camera out of the list and off the account, whatever the camera itself knows. */
export async function forgetCamera(home: Home, camId: string): Promise<void> {
  await home.updateList(({ roster, people }) => ({
    roster: roster.filter(camera => camera.camId !== camId),
    people,
  }))
  await home.policies.forget(camId)
  await api.forgetCamera(camId).catch(() => undefined)
}
