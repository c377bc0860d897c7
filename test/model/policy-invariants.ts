import type { Known } from './admin.ts'
import { type Invariant, idOf } from './invariant.ts'
import { payloadOf } from './payload.ts'
import { wrongJoin } from './second-device.ts'
import type { World } from './world.ts'

export const I4: Invariant = {
  name: 'I4',
  sentence:
    'The number of the policy in force never goes down, whatever a crash took, and never below an acknowledged one.',
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

export const I10: Invariant = {
  name: 'I10',
  sentence:
    'When an owner has pinned a camera and the camera is paired, both have the same root, key and words; nobody without the code pairs a camera or becomes a second device; a camera leaves its home only by its button or its owner.',
  check(world) {
    for (const { name, cam, process } of world.cameras) {
      const before = world.ledger.keys.get(name)
      if (before !== undefined && before !== cam.id && !world.ledger.left.has(before))
        return 'a camera ended its identity, and nobody who may had it do so'
      const policy = process?.policies.current()?.policy
      if (!policy || process?.device.dead) continue
      const root = world.ledger.codes.get(cam.id)
      if (root !== undefined && policy.root !== root) return 'paired by somebody without the code'
      const words = process.pairing?.phrase
      const pinned = world.admins.flatMap(each => each.paired).filter(each => each.camId === cam.id)
      if (words !== undefined && pinned.some(each => each.phrase !== words)) return 'the words differ'
    }
    for (const admin of world.admins)
      for (const { camId, policy } of admin.paired) {
        if (payloadOf(policy).root !== admin.root.id) return 'pinned under a foreign root'
        const camera = world.cameras.find(each => each.cam.id === camId)
        if (camera?.process?.device.dead === false && !camera.process.policies.current())
          return 'pinned, and the camera is not paired'
      }
    return wrongJoin(world)
  },
}

export const I11: Invariant = {
  name: 'I11',
  sentence:
    'Nothing the server says adds a right: each policy in force names its camera and was signed by an admin of the one before it, which it names, or by root, which never changes; an answer grants no more than the policy does; an invitation binds one key.',
  check(world) {
    for (const [camId, chain] of world.ledger.chains) {
      const documents = chain.map(hash => world.ledger.documents.get(hash))
      for (const [i, document] of documents.entries()) {
        if (!document) return 'in force, and no holder of a key signed it'
        if (document.policy.cam !== camId) return "another camera's policy is in force"
        const before = documents[i - 1]
        const wrong = before && wrongSuccessor(before, document)
        if (wrong) return wrong
      }
    }
    return overGranted(world) ?? twiceRedeemed(world)
  },
}

function wrongSuccessor(before: Known, { policy, signer }: Known & { signer: string }): string | undefined {
  if (policy.root !== before.policy.root) return 'the root changed'
  if (signer === before.policy.root) return undefined
  if (!before.policy.admins.some(each => idOf(each.k) === signer))
    return 'in force, and its signer was no admin'
  return policy.prev === before.hash
    ? undefined
    : 'in force, and it does not follow the one before: a change is lost'
}

function overGranted({ ledger }: World): string | undefined {
  for (const { viewer, r, hash } of ledger.granted) {
    const entry = ledger.documents.get(hash)?.policy.viewers.find(each => idOf(each.k) === viewer)
    if (!r.every(right => entry?.r.some(each => each === right)))
      return 'an answer grants what the policy does not'
  }
  return undefined
}

function twiceRedeemed({ ledger }: World): string | undefined {
  const bound = new Map<string, string>()
  for (const { camId, inv, view } of ledger.redeemed) {
    const name = `${camId} ${inv}`
    if (bound.has(name) && bound.get(name) !== view) return 'one invitation was redeemed by two devices'
    bound.set(name, view)
  }
  return undefined
}
