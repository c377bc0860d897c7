import { openEnvelope } from '@ownsight/protocol/envelope'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import type { Payload, Policy } from '@ownsight/protocol/messages'
import type { PairingCode } from '@ownsight/protocol/pairing'
import { beginOwnerPairing, type PairedCamera } from '@ownsight/protocol/pairing-owner'
import { type PolicyChange, sealNextPolicy, sealRootPolicy } from '@ownsight/protocol/policy-change'
import { openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { openReleased, sealRelease } from '@ownsight/protocol/release'
import { type Answer, type Asked, asPairMessage } from './bag.ts'
import type { Ledger } from './ledger.ts'
import { as, type Device } from './virtual-time.ts'

export type Known = { policy: Policy; hash: string }

/** An honest device that may change things. */
export type Admin = {
  readonly name: string
  readonly device: Device
  readonly admin: KeyPair
  readonly view: KeyPair
  readonly root: KeyPair
  /** what it believes to be in force, by camera id */
  readonly known: Map<string, Known>
  /** what it has signed on top of that, and has no ack for */
  readonly ahead: Map<string, Known>
  readonly pins: Map<string, PublicKey>
  /** who waits at a camera, as that camera last said */
  readonly waiting: Map<string, Payload<'os1-status'>['waiting']>
  /** what its person did and the camera has not confirmed */
  readonly open: { camId: string; change: PolicyChange }[]
  readonly paired: PairedCamera[]
}

export type Put = (asked: Omit<Asked, 'answer' | 'done'>) => Promise<Answer>
type Around = { readonly put: Put; readonly ledger: Ledger }

/**
 * Writes its open changes for one camera into the next document and sends it. An eager one builds on what it signed
 * last, acknowledged or not.
 */
export async function submit(
  admin: Admin,
  camId: string,
  { put, ledger }: Around,
  eager: boolean,
): Promise<void> {
  const pin = admin.pins.get(camId)
  const known = (eager ? admin.ahead.get(camId) : undefined) ?? admin.known.get(camId)
  const mine = admin.open.filter(each => each.camId === camId)
  if (!pin || !known || mine.length === 0) return
  const changes = mine.map(each => each.change)
  const next = await sealNextPolicy(admin.admin, known, changes)
  ledger.signed({ ...next, signer: admin.admin.id })
  admin.ahead.set(camId, next)
  const reply = await put({ kind: 'policy', camId, body: { e: next.jws }, by: admin.name })
  if (!('e' in reply) || !(await confirms(reply.e, { camId, pin, ph: next.hash }))) return
  inForce(admin, camId, next)
  for (const each of mine) if (admin.open.includes(each)) admin.open.splice(admin.open.indexOf(each), 1)
}

const confirms = (e: string, expected: Parameters<typeof openAck>[1]): Promise<boolean> =>
  openAck(e, expected).then(
    () => true,
    () => false,
  )

function inForce(admin: Admin, camId: string, known: Known): void {
  const before = admin.known.get(camId)
  if (before && before.policy.n > known.policy.n) return
  admin.known.set(camId, known)
  admin.ahead.delete(camId)
}

/** Asks the camera what is in force, to write on top of that. */
export async function refresh(admin: Admin, camId: string, put: Put): Promise<void> {
  const pin = admin.pins.get(camId)
  if (!pin) return
  const asker = admin.admin.id
  const { read, no } = await sealRead(admin.admin, { camId, what: 'policy' })
  const reply = await put({ kind: 'read', camId, body: { e: read }, by: admin.name })
  if (!('e' in reply) || reply.policy === undefined) return
  const both = { status: reply.e, policy: reply.policy }
  const { policy, hash, status } = await openStatus(both, { camId, pin, asker, no })
  inForce(admin, camId, { policy, hash })
  admin.waiting.set(camId, status.payload.waiting)
}

/** The owner's half of a pairing, from the code the camera shows. */
export async function pair(admin: Admin, code: PairingCode, { put, ledger }: Around): Promise<void> {
  const owner = { root: admin.root.publicKey, admin: admin.admin, view: admin.view }
  const pairing = await beginOwnerPairing(code, owner)
  const say = (body: { e: string; m: string }): Promise<Answer> =>
    put({ kind: 'pair', camId: code.camId, body, by: admin.name })
  const second = asPairMessage(await say(pairing.first))
  if (!second) return
  const third = await pairing.onSecond(second)
  const { payload, hash } = await openEnvelope('os1-policy', policyIn(third.e), () => admin.admin.publicKey)
  ledger.signed({ policy: payload, hash, signer: admin.admin.id })
  const fourth = asPairMessage(await say(third))
  if (!fourth) return
  const paired = await pairing.onFourth(fourth)
  admin.paired.push(paired)
  admin.pins.set(paired.camId, paired.key)
  admin.known.set(paired.camId, { policy: payload, hash })
}

const policyIn = (third: string): string =>
  JSON.parse(Buffer.from(third.split('.')[1] ?? '', 'base64url').toString()).policy

/** The kit: root lets a new device in, and every former admin out. */
export async function recover(
  admin: Admin,
  camId: string,
  device: { admin: KeyPair; view: KeyPair },
  { put, ledger }: Around,
  ahead: number,
): Promise<void> {
  const known = admin.known.get(camId)
  const pin = admin.pins.get(camId)
  if (!known || !pin) return
  const keys = { admin: device.admin.publicKey, view: device.view.publicKey }
  const next = await sealRootPolicy(admin.root, known, keys, [], ahead)
  ledger.signed({ ...next, signer: admin.root.id })
  await put({ kind: 'policy', camId, body: { e: next.jws }, by: admin.name })
}

/** Gives a camera away. */
export async function release(admin: Admin, camId: string, { put, ledger }: Around): Promise<void> {
  const known = admin.known.get(camId)
  const pin = admin.pins.get(camId)
  if (!known || !pin) return
  const { hash: ph } = known
  const e = await sealRelease(admin.admin, camId, { n: known.policy.n, ph })
  ledger.left.add(camId)
  const reply = await put({ kind: 'release', camId, body: { e }, by: admin.name })
  if ('e' in reply) await openReleased(reply.e, { camId, pin, asker: admin.admin.id, ph })
}

/** Runs as this device. What does not verify changes nothing. */
export const act = (admin: Admin, work: () => Promise<void>): void =>
  void as(admin.device, work).catch(() => undefined)
