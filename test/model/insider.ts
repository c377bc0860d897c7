import { randomId } from '@ownsight/protocol/bytes'
import { envelopeHash } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { chain, sealPairMessage } from '@ownsight/protocol/pairing'
import { transcript } from '@ownsight/protocol/session'
import { headerOf, malleate, forge as signAnything } from '../unit/protocol/fixtures.ts'
import { description } from '../unit/protocol/sdp.ts'
import { payloadOf } from './payload.ts'
import { at } from './pick.ts'
import { connectAll, feed, malloryBeacon } from './server.ts'
import { cameraEnds, connectToCamera } from './transport.ts'
import { startWatch } from './viewer.ts'
import { settle } from './virtual-time.ts'
import type { World } from './world.ts'

/** What Mallory can make with his own keys out of everything he has seen, and what anybody can make without a key. */

export type Mutation =
  | { how: 'flip'; at: number; to: string }
  | { how: 'typ'; typ: string }
  | { how: 'splice'; pick: number }
  | { how: 'malleate' }

/** A copy that is not what was sent. */
export function mutate(world: World, e: string, mutation: Mutation | undefined): string {
  if (!mutation) return e
  const [header, body, signature] = e.split('.') as [string, string, string]
  switch (mutation.how) {
    case 'flip': {
      const at = mutation.at % e.length
      return e.slice(0, at) + mutation.to + e.slice(at + 1)
    }
    case 'typ':
      return `${Buffer.from(headerOf(mutation.typ)).toString('base64url')}.${body}.${signature}`
    case 'splice': {
      const other = world.bag.pick(undefined, mutation.pick)?.e.split('.')[1]
      return `${header}.${other ?? body}.${signature}`
    }
    case 'malleate':
      try {
        return malleate(e)
      } catch {
        return e
      }
  }
}

export type Forgery = {
  typ: string
  /** the message it is made from */
  pick: number
  /** which of his keys signs: view, admin, root, camera */
  key: number
  /** claims to be from whom the message was, instead of from himself */
  borrowed: boolean
  /** to this camera or viewer; as it was when undefined */
  aud: number | undefined
  /** a new sid and the newest window of that camera */
  fresh: boolean
  /** a description with a certificate of his own */
  ownCertificate: boolean
  /** members taken over from other messages */
  members: { name: string; pick: number }[]
}

const keysOf = ({ mallory: { view, admin, root, cam } }: World): readonly KeyPair[] => [
  view,
  admin,
  root,
  cam,
]

/** Signs a message of any type made of pieces of others, and puts it with the rest. */
export async function forge(world: World, forgery: Forgery): Promise<string | undefined> {
  const model = world.bag.pick(forgery.typ, forgery.pick)
  const key = keysOf(world)[forgery.key % 4]
  if (!model || !key) return undefined
  const payload = payloadOf(model.e)
  if (!forgery.borrowed && 'iss' in payload) payload.iss = key.id
  const camera = forgery.aud === undefined ? undefined : world.cameras[forgery.aud % world.cameras.length]
  if (camera && 'aud' in payload) payload.aud = camera.cam.id
  if (camera && 'cam' in payload) payload.cam = camera.cam.id
  if (forgery.fresh) {
    if ('sid' in payload) payload.sid = randomId()
    const win = camera && newestWindow(world, camera.cam.id)
    if (win !== undefined && 'win' in payload) payload.win = win
  }
  if (forgery.ownCertificate && 'sdp' in payload) {
    const [fingerprint = ''] = world.mallory.fingerprints
    payload.sdp = description(forgery.typ === 'os1-offer' ? 'offer' : 'answer', { fingerprint })
  }
  for (const { name, pick } of forgery.members) {
    const other = world.bag.pick(undefined, pick)
    const value = other && payloadOf(other.e)[name]
    if (value !== undefined && name in payload) payload[name] = value
  }
  return sign(world, forgery.typ, payload, key, model.m)
}

async function sign(
  world: World,
  typ: string,
  payload: Record<string, unknown>,
  key: KeyPair,
  mac?: string,
): Promise<string> {
  const e = await signAnything(headerOf(typ), JSON.stringify(payload), key.sign)
  if (typ === 'os1-policy')
    world.ledger.signed({ policy: payload as Policy, hash: await envelopeHash(e), signer: key.id })
  world.bag.put(e, mac)
  return e
}

/** Windows are no secret: the newest beacon of a camera tells. */
export function newestWindow(world: World, camId: string): string | undefined {
  const newest = world.bag.all.findLast(({ typ, e }) => typ === 'os1-beacon' && payloadOf(e).iss === camId)
  return newest && (payloadOf(newest.e).win as string)
}

/** The next policy of a camera with Mallory among its admins, under his own name or another's. */
export async function forgePolicy(
  world: World,
  wish: { cam: number; key: number; borrowed: boolean; ahead: number; root: boolean },
): Promise<void> {
  const camera = world.cameras[wish.cam % world.cameras.length]
  const key = keysOf(world)[wish.key % 4]
  const current = camera?.process?.policies.current()
  if (!camera || !key || !current) return
  const { mallory } = world
  const { policy } = current
  const admins = [...policy.admins, { k: mallory.admin.publicKey }]
  const viewers = policy.viewers.map(each =>
    each.k.x === mallory.view.publicKey.x ? { ...each, r: ['view', 'talk', 'ptz'] } : each,
  )
  const place = { n: policy.n + wish.ahead, prev: wish.root ? null : current.hash }
  const iss = wish.borrowed ? (wish.root ? policy.root : policy.iss) : key.id
  const root = wish.root && !wish.borrowed ? mallory.root.id : policy.root
  const e = await sign(world, 'os1-policy', { ...policy, root, iss, ...place, admins, viewers }, key)
  await feed(world, camera, 'policy', { e })
}

/**
 * The splice of RFC 8844: somebody asks for Mallory's own camera. The description goes to a camera he is a guest of, under
 * his name (or in the very envelope it came in), and that camera's description comes back as his camera's answer.
 */
export async function splice(
  world: World,
  wish: { victim: number; cam: number; resign: boolean },
): Promise<void> {
  const { mallory, cameras, viewers } = world
  const victim = at(
    viewers.filter(each => each.pins.has(mallory.cam.id)),
    wish.victim,
  )
  const camera = at(cameras, wish.cam)
  const win = camera && newestWindow(world, camera.cam.id)
  if (!victim || !camera || win === undefined) return
  startWatch(victim, mallory.cam.id, world.put)
  await settle()
  world.asked.at(-1)?.answer({ e: await malloryBeacon(world, win) })
  await settle()
  const asked = world.asked.at(-1)
  if (asked?.kind !== 'offer' || asked.done || !asked.body) return
  const offered = payloadOf(asked.body.e)
  const mine = { ...offered, iss: mallory.view.id, aud: camera.cam.id, sid: randomId(), win }
  const e = wish.resign ? await sign(world, 'os1-offer', mine, mallory.view) : asked.body.e
  const reply = await feed(world, camera, 'offer', { e })
  if (!reply || !('e' in reply)) return
  const answered = payloadOf(reply.e)
  if (typeof answered.sdp !== 'string') return
  const oh = await envelopeHash(asked.body.e)
  const back = { ...answered, iss: mallory.cam.id, aud: offered.iss, sid: offered.sid, oh }
  asked.answer({ e: await sign(world, 'os1-answer', back, mallory.cam) })
  await settle()
  await connectAll(world)
}

/** Mallory watches a camera he is a guest of, and then shows it the same offer once more. */
export async function call(world: World, wish: { cam: number; again: boolean }): Promise<void> {
  const { mallory } = world
  const camera = at(world.cameras, wish.cam)
  const win = camera && newestWindow(world, camera.cam.id)
  if (!camera || win === undefined) return
  const [fingerprint = ''] = mallory.fingerprints
  const head = { v: 1, iss: mallory.view.id, aud: camera.cam.id, sid: randomId(), win, iat: 1 }
  const sdp = description('offer', { fingerprint })
  const offer = { ...head, want: ['view', 'talk'], start: 'now', sdp }
  const e = await sign(world, 'os1-offer', offer, mallory.view)
  for (let time = 0; time < (wish.again ? 2 : 1); time++) {
    await feed(world, camera, 'offer', { e })
    await intrude(world, { end: 0, pick: 0, confirm: true })
  }
}

/** Mallory's end of a camera's channel; he may say there whatever he has, or can sign. */
export async function intrude(
  world: World,
  wish: { end: number; pick: number; confirm: boolean },
): Promise<void> {
  const waiting = cameraEnds.filter(each => each.state === 'waiting' && !each.device.dead)
  const end = waiting.at(-1 - (wish.end % Math.max(1, waiting.length)))
  if (!end || !connectToCamera(end, { insider: world.mallory })) return
  await settle()
  const jws = await confirmFor(world, end, wish)
  if (jws) end.hear(JSON.stringify({ t: 'confirm', jws }))
  await settle()
}

async function confirmFor(
  world: World,
  end: (typeof cameraEnds)[number],
  wish: { pick: number; confirm: boolean },
): Promise<string | undefined> {
  if (!wish.confirm) {
    const heard = world.mallory.heard
      .map(text => JSON.parse(text).jws)
      .filter(each => typeof each === 'string')
    return heard.at(-1 - (wish.pick % Math.max(1, heard.length)))
  }
  const { sid, iss, aud } = payloadOf(end.offer)
  const answer = world.bag.all.findLast(({ typ, e }) => typ === 'os1-answer' && payloadOf(e).sid === sid)
  if (!answer) return undefined
  const th = await transcript(await envelopeHash(end.offer), await envelopeHash(answer.e))
  return signAnything(
    headerOf('os1-confirm'),
    JSON.stringify({ v: 1, iss, aud, sid, th }),
    world.mallory.view.sign,
  )
}

/**
 * Everything of a pairing but the code: the rendezvous id is the server's to know, so the messages are well formed, and
 * their MACs are made with a secret of his own.
 */
export async function attackPairing(world: World): Promise<void> {
  const { root, admin, view } = world.mallory
  const camera = world.cameras.find(each => each.process?.pairing && !each.process.policies.state())
  const rid = camera?.process?.pairing?.offered.rid
  if (!camera || rid === undefined) return
  const mac = { sign: admin.sign, mac: new Uint8Array(32) }
  const keys = { root: root.publicKey, admin: admin.publicKey, view: view.publicKey }
  const first = await sealPairMessage('os1-pair1', { v: 1, rid, ...keys, no: randomId() }, mac)
  const second = await feed(world, camera, 'pair', first)
  if (!second || !('e' in second)) return
  const h12 = await chain(await envelopeHash(first.e), await envelopeHash(second.e))
  const lists = { admins: [{ k: admin.publicKey }], viewers: [{ k: view.publicKey, r: ['view'] }] }
  const head = { v: 1, cam: camera.cam.id, root: root.id, iss: admin.id, n: 1, prev: null, iat: 1 }
  const rest = { ...lists, hubs: [], invites: [], hubsEnabled: true, privacy: false }
  const policy = await sign(world, 'os1-policy', { ...head, ...rest }, admin)
  await feed(world, camera, 'pair', await sealPairMessage('os1-pair3', { v: 1, rid, h12, policy }, mac))
}
