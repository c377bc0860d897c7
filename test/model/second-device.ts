import { randomBytes, randomId, toBase64url } from '@ownsight/protocol/bytes'
import { envelopeHash } from '@ownsight/protocol/envelope'
import type { PairMessage } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { beginJoin, type Joined, type JoinOffer, offerJoin } from '@ownsight/protocol/join'
import { chain, newPairingSecret, sealPairMessage } from '@ownsight/protocol/pairing'
import { type Admin, act, submit } from './admin.ts'
import { type Answer, asPairMessage } from './bag.ts'
import { at } from './pick.ts'
import { as, type Device, monotonic, settle } from './virtual-time.ts'
import type { World } from './world.ts'

/** A device that lets a second one in: what it gave, to whom it meant to give it, and what came of it. */
export type Joining = {
  readonly offer: JoinOffer
  readonly by: Admin
  readonly meant: { admin: KeyPair; view: KeyPair }
  /** base64url */
  readonly kR: string
  joined: Joined | undefined
  taken: { kR: string; root: string; phrase: string } | undefined
}

/** The first device shows a code, the second reads it and sends its first message. */
export async function join(world: World, wish: { admin: number }): Promise<void> {
  const by = at(world.admins, wish.admin)
  const meant = world.spareDevices.shift()
  if (!by || !meant) return
  const secret = newPairingSecret()
  const kR = randomBytes(32)
  const gift = { root: by.root.publicKey, kR }
  const onJoined = async (joined: Joined): Promise<void> => {
    joining.joined = joined
    letIn(world, joining)
  }
  const now = (): number => monotonic() / 1000
  const offer = await as(by.device, () => offerJoin({ secret, admin: by.admin, gift, now, onJoined }))
  const joining: Joining = { offer, by, meant, kR: toBase64url(kR), joined: undefined, taken: undefined }
  world.joinings.push(joining)
  const device: Device = { name: `${by.name} 2`, skewMs: 0, dead: false }
  void as(device, () => request(world, joining, secret)).catch(() => undefined)
}

async function request(world: World, joining: Joining, secret: Uint8Array<ArrayBuffer>): Promise<void> {
  const { by, meant, offer } = joining
  const request = await beginJoin({ secret, admin: by.admin.id }, meant)
  const say = async (body: PairMessage): Promise<PairMessage | undefined> =>
    asPairMessage(await world.put({ kind: 'join', camId: offer.rid, body, by: 'second device' }))
  const second = await say(request.first)
  if (!second) return
  const fourth = await say(await request.onSecond(second))
  if (!fourth) return
  const { kR, root, phrase } = await request.onFourth(fourth)
  joining.taken = { kR: toBase64url(kR), root: root.x, phrase }
}

/** Signs the policies in which the second device stands, as the first device does before message 4. */
function letIn(world: World, { by, joined }: Joining): void {
  if (!joined) return
  const { admin, view } = joined
  for (const camId of by.pins.keys()) {
    by.open.push({ camId, change: { op: 'add-admin', admin, view } })
    act(by, () => submit(by, camId, world, false))
  }
}

/** Delivers a message to the device that shows a code. */
export async function feedJoin(world: World, rid: string, message: PairMessage): Promise<Answer | undefined> {
  const joining = world.joinings.find(each => each.offer.rid === rid)
  if (!joining) return undefined
  let reply: PairMessage | undefined
  as(joining.by.device, () => joining.offer.receive(message)).then(
    answer => {
      reply = answer
    },
    () => undefined,
  )
  await settle()
  if (reply) world.bag.put(reply.e, reply.m)
  return reply
}

/** Mallory knows the rendezvous id, and not the code. */
export async function attackJoin(world: World): Promise<void> {
  const { admin, view } = world.mallory
  const rid = world.joinings.at(-1)?.offer.rid
  if (rid === undefined) return
  const mac = { sign: admin.sign, mac: new Uint8Array(32) }
  const keys = { admin: admin.publicKey, view: view.publicKey }
  const first = await sealPairMessage('os1-join1', { v: 1, rid, ...keys, no: randomId() }, mac)
  const second = await feedJoin(world, rid, first)
  if (!second || !('e' in second)) return
  const h12 = await chain(await envelopeHash(first.e), await envelopeHash(second.e))
  await feedJoin(world, rid, await sealPairMessage('os1-join3', { v: 1, rid, h12 }, mac))
}

/** What is wrong about second devices, for I10. */
export function wrongJoin({ joinings }: World): string | undefined {
  for (const { joined, taken, meant, kR, by } of joinings) {
    if (joined && joined.admin.x !== meant.admin.publicKey.x) return 'a device without the code was let in'
    if (joined && joined.view.x !== meant.view.publicKey.x) return 'a view key without the code was let in'
    if (!taken) continue
    if (!joined || taken.phrase !== joined.phrase) return 'two devices of one owner do not agree'
    if (taken.kR !== kR || taken.root !== by.root.publicKey.x)
      return 'the second device was given something else'
  }
  return undefined
}
