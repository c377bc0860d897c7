import type { PublicKey } from '@ownsight/protocol/ids'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { createOwner, type Owner, pairCamera, readPolicy, updatePolicy } from '../../support/owner.ts'
import { until } from '../../support/wait.ts'
import { installBrowserDtls } from './browser-dtls.ts'
import { connectDevice } from './client.ts'
import type { FromOwner, Person, ToOwner } from './messages.ts'
import { loadPage } from './page-modules.ts'
import { watchWithoutBrowser } from './view.ts'

/**
 * The owner of all cameras, beside them at home: pairs them, lets the crowd in, and watches each, so that the sources
 * are open when the crowd comes. Talks by IPC with crowd.ts.
 */
const PATIENCE_MS = 60_000
const publicOf = ({ x = '', y = '' }: JsonWebKey): PublicKey => ({ x, y })

async function letIn(owner: Owner, camera: PairedCamera, people: readonly Person[]): Promise<void> {
  const inForce = await readPolicy(owner, camera)
  const guests = people.map(({ view }) => ({ k: publicOf(view), r: ['view' as const] }))
  await updatePolicy(owner, camera, inForce, { viewers: [...inForce.policy.viewers, ...guests] })
}

process.on('message', async ({ place, token, codes, people }: ToOwner) => {
  installBrowserDtls()
  const page = await loadPage(place.origin)
  const owner = await createOwner(place.origin, { token })
  const cameras: PairedCamera[] = []
  for (const code of codes) cameras.push(await pairCamera(owner, code))
  for (const { auth } of people) await owner.request('POST', '/api/devices', { auth: publicOf(auth) })
  const client = connectDevice(page, owner.auth)
  const { view } = owner
  for (const [i, camera] of cameras.entries()) {
    const isOnline = () => client.beacon(camera.camId)
    await until(isOnline, { timeout: PATIENCE_MS, what: 'a camera that is connected' })
    await letIn(
      owner,
      camera,
      people.filter(person => person.camera === i),
    )
    const live = watchWithoutBrowser(
      { page, client, view, camera, stun: place.stun },
      new AbortController().signal,
    )
    await until(() => live.state.value === 'live', { timeout: PATIENCE_MS, what: "the camera's picture" })
  }
  const pinned = cameras.map(({ camId, key }) => ({ camId, key }))
  process.send?.({ is: 'watching', cameras: pinned } satisfies FromOwner)
})
process.on('disconnect', () => process.exit(0))
