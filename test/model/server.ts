import { randomId } from '@ownsight/protocol/bytes'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { sealAnswer } from '@ownsight/protocol/session'
import { description } from '../unit/protocol/sdp.ts'
import type { Answer, Asked } from './bag.ts'
import { beacon, type Camera } from './camera.ts'
import { deliver, type Event, type Message } from './deliver.ts'
import { observe } from './observe.ts'
import { payloadOf } from './payload.ts'
import { feedJoin } from './second-device.ts'
import { cameraEnds, connectToCamera, connectToInsider, viewerEnds } from './transport.ts'
import { as, settle } from './virtual-time.ts'
import type { World } from './world.ts'

/** What the server can do: hand anything to anybody. What an honest one does is the first function. */

export async function serve(world: World, asked: Asked): Promise<void> {
  if (asked.done) return
  const reply = await honestReply(world, asked)
  asked.answer(reply ?? { hint: 'offline' })
  await settle()
}

async function honestReply(world: World, { kind, camId, body }: Asked): Promise<Answer | undefined> {
  if (camId === world.mallory.cam.id) return malloryReply(world, kind, body?.e)
  if (kind === 'join')
    return body?.m === undefined ? undefined : feedJoin(world, camId, { e: body.e, m: body.m })
  const camera = world.cameras.find(each => each.cam.id === camId)
  if (!camera?.process || camera.process.device.dead) return undefined
  if (kind === 'beacon') {
    const e = await as(camera.process.device, () => beacon(camera))
    if (e) world.bag.put(e)
    return e === undefined ? undefined : { e }
  }
  if (!body) return undefined
  return feed(world, camera, kind, body)
}

/** Delivers to a camera; its reply goes into the bag. */
export async function feed(
  world: World,
  camera: Camera,
  event: Event,
  message: Message,
): Promise<Answer | undefined> {
  const reply = await deliver(camera, event, message, world.events)
  await observe(world)
  if (reply && 'e' in reply) {
    world.bag.put(reply.e, reply.m)
    if (reply.policy !== undefined) world.bag.put(reply.policy)
    if (event === 'redeem') {
      const { inv, aud: view } = payloadOf(reply.e) as { inv: string; aud: string }
      world.ledger.redeemed.push({ camId: camera.cam.id, inv, view })
    }
    if (event === 'offer') noteGrant(world, camera, reply.e)
    if (event === 'policy') noteAck(world, camera, reply.e)
    const inner = reply.m === undefined ? undefined : payloadOf(reply.e).ack
    if (typeof inner === 'string') noteAck(world, camera, inner)
  }
  return reply
}

function noteGrant({ ledger }: World, camera: Camera, e: string): void {
  const { aud, r } = payloadOf(e) as { aud: string; r?: string[] }
  const hash = ledger.chains.get(camera.cam.id)?.at(-1)
  if (r && hash !== undefined) ledger.granted.push({ viewer: aud, r, hash })
}

function noteAck(world: World, camera: Camera, e: string): void {
  const { n, ph } = payloadOf(e) as { n: number; ph: string }
  const known = world.ledger.acked.get(camera.cam.id)
  if (!known || n > known.n) world.ledger.acked.set(camera.cam.id, { n, ph })
}

/** Mallory's camera behaves like one, when it suits him. */
async function malloryReply(
  world: World,
  kind: Asked['kind'],
  e: string | undefined,
): Promise<Answer | undefined> {
  const { cam, fingerprints } = world.mallory
  if (kind === 'beacon') return { e: await malloryBeacon(world, randomId()) }
  if (kind !== 'offer' || e === undefined) return undefined
  const viewer = world.viewers.find(each => each.view.id === payloadOf(e).iss)
  if (!viewer) return undefined
  const offer = await openEnvelope('os1-offer', e, () => viewer.view.publicKey, cam.id)
  const [fingerprint = ''] = fingerprints
  const sdp = description('answer', { fingerprint })
  return { e: await sealAnswer(cam, offer, { n: 1, r: ['view'], exp: 4_000_000_000, sdp }) }
}

/** His camera may name any window, also one of another camera. */
export function malloryBeacon({ mallory: { cam } }: World, win: string): Promise<string> {
  const payload = { v: 1 as const, iss: cam.id, win, n: 1, ph: cam.id, fw: 'model', iat: 1 }
  return seal('os1-beacon', payload, cam.sign)
}

/** Lets every pair of ends that can come together do so, as an honest network would. */
export async function connectAll(world: World): Promise<void> {
  for (const viewer of viewerEnds.filter(each => each.state === 'waiting')) {
    for (const camera of cameraEnds) if (connectToCamera(camera, { viewer })) break
    connectToInsider(viewer, world.mallory)
    await settle()
  }
}

/** An honest server for a while: everything asked is handled, every connection made. */
export async function through(world: World): Promise<void> {
  for (let round = 0; round < 6; round++) {
    const open = world.asked.filter(each => !each.done)
    for (const asked of open) await serve(world, asked)
    await connectAll(world)
    if (open.length === 0) return
  }
}
