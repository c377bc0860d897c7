import type { Reply } from '@ownsight/protocol/events'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import {
  type Invitation,
  inviteKeyPair,
  newInviteSecret,
  openRedeemed,
  sealRedeem,
} from '@ownsight/protocol/invite'
import type { Right } from '@ownsight/protocol/messages'
import { type PolicyChange, sealNextPolicy } from '@ownsight/protocol/policy-change'
import { type InForce, openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { openReleased, sealRelease } from '@ownsight/protocol/release'
import { openBeacon } from '@ownsight/protocol/session'
import type { Socket } from 'socket.io-client'
import { until } from './wait.ts'

/** What an owner may do to a paired camera, over any socket that reaches it. The camera knows keys, not accounts. */
export type Pinned = { camId: string; key: PublicKey }

export class Refused extends Error {
  readonly code: string
  constructor(reply: unknown) {
    super(`refused: ${JSON.stringify(reply)}`)
    this.code = (reply as { refused?: string }).refused ?? ''
  }
}

const ask = (socket: Socket, event: string, request: unknown) =>
  socket.timeout(20_000).emitWithAck(event, request)

/** What is in force, in the camera's own words. */
export async function readStatus(socket: Socket, asker: KeyPair, camera: Pinned): Promise<InForce> {
  const { camId, key } = camera
  const { read, no } = await sealRead(asker, { camId, what: 'policy' })
  const reply: Reply<'read'> = await ask(socket, 'read', { cam: camId, read })
  if (!('status' in reply)) throw new Refused(reply)
  return openStatus(reply, { camId, pin: key, asker: asker.id, no })
}

/** Signs the successor of what is in force; not sent. */
export async function sealChange(
  socket: Socket,
  admin: KeyPair,
  camera: Pinned,
  changes: readonly PolicyChange[],
): Promise<{ jws: string; hash: string; n: number }> {
  const { jws, hash, policy } = await sealNextPolicy(admin, await readStatus(socket, admin, camera), changes)
  return { jws, hash, n: policy.n }
}

/** Sends a policy and checks the camera's own confirmation. */
export async function deliver(
  socket: Socket,
  camera: Pinned,
  policy: { jws: string; hash: string },
): Promise<void> {
  const { camId, key } = camera
  const reply: Reply<'policy'> = await ask(socket, 'policy', { cam: camId, policy: policy.jws })
  if (!('ack' in reply)) throw new Refused(reply)
  await openAck(reply.ack, { camId, pin: key, ph: policy.hash })
}

export async function change(
  socket: Socket,
  admin: KeyPair,
  camera: Pinned,
  changes: readonly PolicyChange[],
): Promise<{ jws: string; hash: string; n: number }> {
  const next = await sealChange(socket, admin, camera, changes)
  await deliver(socket, camera, next)
  return next
}

/** Puts an invitation into the policy and makes the link's content. */
export async function invite(
  socket: Socket,
  admin: KeyPair,
  camera: Pinned,
  terms: { r: Right[]; exp: number; nbf?: number },
): Promise<Invitation & { id: string }> {
  const secret = newInviteSecret()
  const { publicKey, id } = await inviteKeyPair(secret)
  await change(socket, admin, camera, [{ op: 'invite', k: publicKey, ...terms }])
  return { camId: camera.camId, secret, name: 'Door', id }
}

/** Redeems it with a view key and returns the camera's key to pin. */
export async function redeem(socket: Socket, invitation: Invitation, view: KeyPair): Promise<PublicKey> {
  const { camId, secret } = invitation
  const key = await inviteKeyPair(secret)
  const redemption = await sealRedeem({ invite: key, view, camId, win: await windowOf(socket, camId) })
  const reply: Reply<'redeem'> = await ask(socket, 'redeem', { cam: camId, redeem: redemption })
  if (!('redeemed' in reply)) throw new Refused(reply)
  return openRedeemed(reply.redeemed, { camId, view: view.id, invite: key.id })
}

export async function release(socket: Socket, admin: KeyPair, camera: Pinned): Promise<void> {
  const { camId, key } = camera
  const { hash, policy } = await readStatus(socket, admin, camera)
  const sealed = await sealRelease(admin, camId, { n: policy.n, ph: hash })
  const reply: Reply<'release'> = await ask(socket, 'release', { cam: camId, release: sealed })
  if (!('released' in reply)) throw new Refused(reply)
  await openReleased(reply.released, { camId, pin: key, asker: admin.id, ph: hash })
}

/** The newest beacon that the server has, unopened. */
export const beaconOf = (socket: Socket, cam: string): Promise<string> =>
  until(
    async () => {
      const reply: Reply<'beacon'> = await ask(socket, 'beacon', { cam })
      return 'beacon' in reply ? reply.beacon : undefined
    },
    { timeout: 30_000, every: 200, what: 'a beacon of the camera' },
  )

/** The window of the newest beacon, as somebody reads it who has not pinned the camera yet. */
export async function windowOf(socket: Socket, cam: string): Promise<string> {
  const [, body = ''] = (await beaconOf(socket, cam)).split('.')
  return JSON.parse(Buffer.from(body, 'base64url').toString()).win
}

/** Waits until the camera says by itself that this policy is in force. */
export async function untilInForce(socket: Socket, camera: Pinned, ph: string): Promise<void> {
  await until(
    async () => {
      const beacon = await openBeacon(await beaconOf(socket, camera.camId), camera.key, camera.camId)
      return beacon.payload.ph === ph
    },
    { timeout: 30_000, every: 200, what: 'the beacon of the new policy' },
  )
}
