import type { PublicKey } from '@ownsight/protocol/ids'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { createOwner, type Owner, pairCamera, readPolicy, updatePolicy } from '../../support/owner.ts'
import { until } from '../../support/wait.ts'
import { installBrowserDtls } from './browser-dtls.ts'
import { connectDevice } from './client.ts'
import type { FromOwner, Person, Place, ToOwner } from './messages.ts'
import { loadPage } from './page-modules.ts'
import { type Page, watchWithoutBrowser } from './view.ts'

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

type Signed = { place: Place; page: Page; owner: Owner; cameras: PairedCamera[] }
let signed: Signed | undefined

async function signUp({ place, token }: Extract<ToOwner, { do: 'sign up' }>): Promise<void> {
  installBrowserDtls()
  const page = await loadPage(place.origin)
  signed = { place, page, owner: await createOwner(place.origin, { token }), cameras: [] }
}

async function letAllIn({ place, page, owner, cameras }: Signed, people: readonly Person[]): Promise<void> {
  for (const { auth } of people) await owner.request('POST', '/api/devices', { auth: publicOf(auth) })
  const client = connectDevice(page, owner.auth)
  const { view } = owner
  for (const [i, camera] of cameras.entries()) {
    const isOnline = () => client.beacon(camera.camId)
    await until(isOnline, { timeout: PATIENCE_MS, what: 'a camera that is connected' })
    const own = people.filter(person => person.camera === i)
    await letIn(owner, camera, own)
    const ever = new AbortController()
    const live = watchWithoutBrowser({ page, client, view, camera, stun: place.stun }, ever)
    await until(() => live.state.value === 'live', { timeout: PATIENCE_MS, what: "the camera's picture" })
  }
}

async function obey(message: ToOwner): Promise<FromOwner> {
  if (message.do === 'sign up') {
    await signUp(message)
    return { is: 'signed up' }
  }
  if (!signed) throw new Error('sign up first')
  if (message.do === 'pair') {
    signed.cameras.push(await pairCamera(signed.owner, message.code))
    return { is: 'paired' }
  }
  await letAllIn(signed, message.people)
  return { is: 'watching', cameras: signed.cameras.map(({ camId, key }) => ({ camId, key })) }
}

process.on('message', async (message: ToOwner) => void process.send?.(await obey(message)))
process.on('disconnect', () => process.exit(0))
