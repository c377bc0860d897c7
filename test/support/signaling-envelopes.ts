import { randomBytes, randomId, toBase64url } from '@ownsight/protocol/bytes'
import { sealBind } from '@ownsight/protocol/challenge'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { connect, connectAs, type Device } from './signaling-client.ts'

/** Well-formed envelopes of no consequence: what the server relays without being able to judge it. */

const hash = (): string => toBase64url(randomBytes(32))
const now = () => Math.floor(Date.now() / 1000)

export const anOffer = (view: KeyPair, cam: string, sdp = 'v=0\r\n'): Promise<string> =>
  seal(
    'os1-offer',
    {
      v: 1,
      iss: view.id,
      aud: cam,
      sid: randomId(),
      win: randomId(),
      iat: now(),
      want: ['view'],
      start: 'now',
      sdp,
    },
    view.sign,
  )

export const anAnswer = (cam: KeyPair, view: string, sdp = 'v=0\r\n'): Promise<string> =>
  seal(
    'os1-answer',
    { v: 1, iss: cam.id, aud: view, sid: randomId(), oh: hash(), n: 1, r: ['view'], exp: now() + 60, sdp },
    cam.sign,
  )

export const aBeacon = (cam: KeyPair): Promise<string> =>
  seal(
    'os1-beacon',
    { v: 1, iss: cam.id, win: randomId(), n: 1, ph: hash(), fw: 'test', iat: now() },
    cam.sign,
  )

export async function aFirstPairMessage(rid: string): Promise<{ e: string; m: string }> {
  const key = await generateKeyPair()
  const { publicKey } = key
  const payload = { v: 1, rid, root: publicKey, admin: publicKey, view: publicKey, no: randomId() } as const
  return { e: await seal('os1-pair1', payload, key.sign), m: hash() }
}

/** An unpaired camera's socket that holds a rendezvous and refuses whatever comes, as without the secret it must. */
export async function holdRendezvous(origin: string, rid = randomId()) {
  const device = await connect(origin, 'unpaired')
  const tickets: string[] = []
  device.socket.on('pair', (delivery: { ticket: string }, ack: (reply: unknown) => void) => {
    tickets.push(delivery.ticket)
    ack({ refused: 'bad_mac' })
  })
  const reply = await device.ask('hold', { rid })
  if (reply.ok !== true) throw new Error(`hold: ${JSON.stringify(reply)}`)
  return { device, rid, tickets }
}

/** A ticket of the account that `viewer` belongs to, as its camera would get it. */
export async function newTicket(origin: string, viewer: Device): Promise<string> {
  const { device, rid, tickets } = await holdRendezvous(origin)
  await viewer.ask('pair', { rid, msg: await aFirstPairMessage(rid) })
  device.close()
  return tickets[0] ?? ''
}

export async function sendBind(
  origin: string,
  binding: { cam: KeyPair; auth: KeyPair; ticket: string; origin?: string },
): Promise<Record<string, unknown>> {
  const device = await connect(origin, 'unpaired')
  const { cam, auth, ticket } = binding
  const bind = await sealBind({ cam, auth: auth.publicKey, ticket, origin: binding.origin ?? origin })
  const reply = await device.ask('bind', { bind })
  device.close()
  return reply
}

export type BoundCamera = { cam: KeyPair; auth: KeyPair; device: Device }

/** A camera bound to the viewer's account and online. */
export async function boundCamera(origin: string, viewer: Device): Promise<BoundCamera> {
  const [cam, auth] = [await generateKeyPair(), await generateKeyPair()]
  const reply = await sendBind(origin, { cam, auth, ticket: await newTicket(origin, viewer) })
  if (reply.ok !== true) throw new Error(`bind: ${JSON.stringify(reply)}`)
  return { cam, auth, device: await connectAs(origin, 'camera', auth) }
}
