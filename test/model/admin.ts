import { openEnvelope } from '@ownsight/protocol/envelope'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import type { PairingCode } from '@ownsight/protocol/pairing'
import { beginOwnerPairing, type PairedCamera } from '@ownsight/protocol/pairing-owner'
import { type PolicyChange, sealNextPolicy } from '@ownsight/protocol/policy-change'
import { openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { type Answer, type Asked, asPairMessage } from './bag.ts'
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
  readonly pins: Map<string, PublicKey>
  /** what its person did and the camera has not confirmed */
  readonly open: { camId: string; change: PolicyChange }[]
  readonly paired: PairedCamera[]
}

export type Put = (asked: Omit<Asked, 'answer' | 'done'>) => Promise<Answer>
/** Called with every document a key holder signs, before anybody else has it. */
export type OnSigned = (document: Known & { signer: string }) => void

/** Writes its open changes for one camera into the next document and sends it, until the camera confirms or refuses. */
export async function submit(admin: Admin, camId: string, put: Put, onSigned: OnSigned): Promise<void> {
  const pin = admin.pins.get(camId)
  const known = admin.known.get(camId)
  const mine = admin.open.filter(each => each.camId === camId)
  if (!pin || !known || mine.length === 0) return
  const changes = mine.map(each => each.change)
  const next = await sealNextPolicy(admin.admin, known, changes)
  onSigned({ ...next, signer: admin.admin.id })
  const reply = await put({ kind: 'policy', camId, body: { e: next.jws }, by: admin.name })
  if (!('e' in reply)) return
  try {
    await openAck(reply.e, { camId, pin, ph: next.hash })
  } catch {
    return
  }
  admin.known.set(camId, next)
  for (const each of mine) admin.open.splice(admin.open.indexOf(each), 1)
}

/** Asks the camera what is in force, to write on top of that. */
export async function refresh(admin: Admin, camId: string, put: Put): Promise<void> {
  const pin = admin.pins.get(camId)
  if (!pin) return
  const { read, no } = await sealRead(admin.admin, { camId, what: 'policy' })
  const reply = await put({ kind: 'read', camId, body: { e: read }, by: admin.name })
  if (!('e' in reply) || reply.policy === undefined) return
  try {
    const asker = admin.admin.id
    const { policy, hash } = await openStatus(
      { status: reply.e, policy: reply.policy },
      { camId, pin, asker, no },
    )
    admin.known.set(camId, { policy, hash })
  } catch {
    // not the camera's: still what it was
  }
}

/** The owner's half of a pairing, from the code the camera shows. */
export async function pair(admin: Admin, code: PairingCode, put: Put, onSigned: OnSigned): Promise<void> {
  const owner = { root: admin.root.publicKey, admin: admin.admin, view: admin.view }
  const pairing = await beginOwnerPairing(code, owner)
  const say = (body: { e: string; m: string }): Promise<Answer> =>
    put({ kind: 'pair', camId: code.camId, body, by: admin.name })
  const second = asPairMessage(await say(pairing.first))
  if (!second) return
  try {
    const third = await pairing.onSecond(second)
    const policy = policyIn(third.e)
    const signed = await openEnvelope('os1-policy', policy, () => admin.admin.publicKey)
    onSigned({ policy: signed.payload, hash: signed.hash, signer: admin.admin.id })
    const fourth = asPairMessage(await say(third))
    if (!fourth) return
    const paired = await pairing.onFourth(fourth)
    admin.paired.push(paired)
    admin.pins.set(paired.camId, paired.key)
    admin.known.set(paired.camId, { policy: signed.payload, hash: signed.hash })
  } catch {
    // nothing pinned
  }
}

const policyIn = (third: string): string =>
  JSON.parse(Buffer.from(third.split('.')[1] ?? '', 'base64url').toString()).policy

/** Runs as this device; the person acts and does not wait. */
export const act = (admin: Admin, work: () => Promise<void>): void =>
  void as(admin.device, work).catch(() => undefined)
