import { keyId } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import type { Camera } from './camera.ts'
import { payloadOf } from './server.ts'
import { type CameraEnd, cameraEnds } from './transport.ts'
import type { World } from './world.ts'

/** An invariant, and the sentence it stands for. `check` returns what is wrong, or nothing. */
export type Invariant = {
  readonly name: string
  readonly sentence: string
  readonly check: (world: World) => string | undefined
}

/** The key ids of a policy's list; made ahead, since thumbprints are asynchronous. */
const ids = new Map<string, string>()
export async function learnKeys(policy: Policy): Promise<void> {
  for (const { k } of [...policy.admins, ...policy.viewers, ...policy.invites])
    if (!ids.has(k.x)) ids.set(k.x, await keyId(k))
}
const idOf = (k: { x: string }): string => ids.get(k.x) ?? ''

const isLive = (end: CameraEnd): boolean =>
  end.state === 'open' &&
  end.said.some(each => each.t === 'confirmed') &&
  !end.said.some(each => each.t === 'ended')
const live = (): CameraEnd[] => cameraEnds.filter(isLive)

const cameraOf = (world: World, end: CameraEnd): Camera | undefined =>
  world.cameras.find(each => each.process?.device === end.device)

/** Who is meant to be at the far end of an accepted offer, by what the holders of keys did. */
function rightFarEnd(world: World, end: CameraEnd): string | undefined {
  const { iss } = payloadOf(end.offer)
  if (!end.far) return 'nobody is at its far end'
  if (iss === world.mallory.view.id) return 'insider' in end.far ? undefined : 'a guest let somebody else in'
  const viewer = world.viewers.find(each => each.view.id === iss)
  const made = viewer?.attempts
    .flatMap(attempt => attempt.offers.map(each => ({ attempt, ...each })))
    .find(each => each.offer.split('.')[1] === end.offer.split('.')[1])
  if (!made) return 'the viewer never made this offer'
  if (made.attempt.label !== end.camId) return 'the viewer made this offer for another camera'
  if (!('viewer' in end.far)) return 'an attacker is at the far end of an honest offer'
  return made.end === end.far.viewer ? undefined : 'another browser is at the far end'
}

const I1: Invariant = {
  name: 'I1',
  sentence:
    'A camera is connected only to the device whose view key signed the offer, made for this camera; it is live, or sends a frame, only while that key has the right to view in its policy.',
  check(world) {
    for (const end of cameraEnds) {
      if (end.far && end.state === 'open') {
        const wrong = rightFarEnd(world, end)
        if (wrong) return wrong
      }
      if (end.frames > 0 && !end.said.some(each => each.t === 'confirmed'))
        return 'a frame before the confirm'
    }
    for (const end of live()) {
      const policy = cameraOf(world, end)?.process?.policies.current()?.policy
      const entry = policy?.viewers.find(each => idOf(each.k) === payloadOf(end.offer).iss)
      if (!policy || !entry?.r.includes('view')) return 'live without the right to view'
      if (policy.privacy) return 'live in privacy'
    }
    return undefined
  },
}

const I2: Invariant = {
  name: 'I2',
  sentence:
    'A viewer shows a stream under the name of a camera only while that camera is live with this viewer, and both agree on offer and answer.',
  check(world) {
    for (const attempt of world.viewers.flatMap(each => each.attempts)) {
      if (!attempt.rendered) continue
      const { end, session } = attempt.rendered
      const far = end.far
      if (!far) return 'shown without a connection'
      if ('heard' in far) {
        if (attempt.label !== world.mallory.cam.id) return 'an attacker is shown as an honest camera'
        continue
      }
      if (far.camId !== attempt.label) return 'a camera is shown under the name of another'
      const said = far.said.find(each => each.t === 'confirmed')
      if (said?.th !== session.th) return 'shown without agreement on offer and answer'
    }
    return undefined
  },
}

const I3: Invariant = {
  name: 'I3',
  sentence: 'No offer is live twice, not even one after the other.',
  check(world) {
    const seen = new Set<string>()
    for (const end of world.ledger.lived) {
      const { iss, sid } = payloadOf(end.offer)
      const name = `${end.camId} ${String(iss)} ${String(sid)}`
      if (seen.has(name)) return 'one offer was live twice'
      seen.add(name)
    }
    return undefined
  },
}

const I4: Invariant = {
  name: 'I4',
  sentence:
    'The number of the policy in force never goes down, and never below what the camera acknowledged.',
  check(world) {
    for (const { cam, process } of world.cameras) {
      const acked = world.ledger.acked.get(cam.id)
      if (!acked || !process || process.device.dead) continue
      const current = process.policies.current()
      if (!current || current.policy.n < acked.n)
        return `number ${acked.n} was acknowledged and is not in force`
      if (current.policy.n === acked.n && current.hash !== acked.ph)
        return 'another policy was acknowledged under this number'
    }
    for (const chain of world.ledger.chains.values()) {
      const numbers = chain.map(hash => world.ledger.documents.get(hash)?.policy.n ?? 0)
      if (numbers.some((n, i) => i > 0 && n <= (numbers[i - 1] ?? 0))) return 'the number went down'
    }
    return undefined
  },
}

const I6: Invariant = {
  name: 'I6',
  sentence:
    'Whatever the server does, the pairs that are live are pairs an honest server could have joined: the viewer asked for that camera, and a document of its owner lets it in.',
  check(world) {
    for (const end of live()) {
      const { iss } = payloadOf(end.offer)
      const asked =
        iss === world.mallory.view.id ||
        world.viewers.some(each => each.view.id === iss && each.attempts.some(one => one.label === end.camId))
      if (!asked) return 'nobody asked for it'
      const admitted = [...world.ledger.documents.values()].some(
        ({ policy, signer }) =>
          policy.cam === end.camId &&
          isOwners(world, policy.cam, signer) &&
          policy.viewers.some(each => idOf(each.k) === iss && each.r.includes('view')),
      )
      if (!admitted) return 'no owner ever let this viewer in'
    }
    return undefined
  },
}

/** Whether this key is an honest owner's for this camera: of the home it was made in, or of who paired it. */
function isOwners(world: World, camId: string, signer: string): boolean {
  return world.admins.some(
    each => (each.admin.id === signer || each.root.id === signer) && each.pins.has(camId),
  )
}

const I10: Invariant = {
  name: 'I10',
  sentence:
    'When a camera and an owner have both committed to a pairing, they have the same root, the same key and the same words; without the code nobody pairs a camera.',
  check(world) {
    for (const { cam, process } of world.cameras) {
      const policy = process?.policies.current()?.policy
      if (!policy || process?.device.dead) continue
      if (!world.admins.some(each => each.root.id === policy.root)) return 'paired by nobody who had the code'
      const mine = world.admins.flatMap(each => each.paired).filter(each => each.camId === cam.id)
      const words = process.pairing?.phrase
      if (words !== undefined && mine.some(each => each.phrase !== words)) return 'the words differ'
    }
    for (const admin of world.admins)
      for (const { camId, policy } of admin.paired) {
        const camera = world.cameras.find(each => each.cam.id === camId)
        const root = camera?.process?.policies.state()?.policy
        if (camera && !camera.process?.device.dead && root === undefined)
          return 'pinned, and the camera is not paired'
        if (payloadOf(policy).root !== admin.root.id) return 'paired under a foreign root'
      }
    return undefined
  },
}

const I11: Invariant = {
  name: 'I11',
  sentence:
    'Nothing the server says adds a right: each policy in force was signed by an admin of the one before it, or by root.',
  check(world) {
    for (const [camId, chain] of world.ledger.chains) {
      const documents = chain.map(hash => world.ledger.documents.get(hash))
      for (const [i, document] of documents.entries()) {
        if (!document) return 'in force, and no holder of a key signed it'
        if (document.policy.cam !== camId) return "another camera's policy is in force"
        const before = documents[i - 1]?.policy
        if (!before) continue
        if (document.policy.root !== before.root) return 'the root changed'
        const known =
          document.signer === before.root || before.admins.some(each => idOf(each.k) === document.signer)
        if (!known) return 'in force, and its signer was no admin'
      }
    }
    return undefined
  },
}

export const INVARIANTS: readonly Invariant[] = [I1, I2, I3, I4, I6, I10, I11]

/** Writes down what is in force and live now. */
export async function observe(world: World): Promise<void> {
  for (const { cam, process } of world.cameras) {
    const current = process?.policies.current()
    if (!current || process?.device.dead) continue
    const chain = world.ledger.chains.get(cam.id) ?? []
    if (chain.at(-1) === current.hash) continue
    world.ledger.chains.set(cam.id, [...chain, current.hash])
    await learnKeys(current.policy)
  }
  for (const end of live()) world.ledger.lived.add(end)
}
