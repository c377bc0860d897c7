import { keyId } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import type { Camera } from './camera.ts'
import { type CameraEnd, cameraEnds } from './transport.ts'
import type { World } from './world.ts'

/** An invariant, and the sentence it stands for. `check` returns what is wrong, or nothing. */
export type Invariant = {
  readonly name: string
  readonly sentence: string
  readonly check: (world: World) => string | undefined
}

const ids = new Map<string, string>()

/** Thumbprints are asynchronous and invariants are not: the keys of a policy are learned when it comes in force. */
export async function learnKeys(policy: Policy): Promise<void> {
  for (const { k } of [...policy.admins, ...policy.viewers, ...policy.invites])
    if (!ids.has(k.x)) ids.set(k.x, await keyId(k))
}
export const idOf = (k: { x: string }): string => ids.get(k.x) ?? ''

export const isLive = (end: CameraEnd): boolean =>
  end.state === 'open' &&
  end.said.some(each => each.t === 'confirmed') &&
  !end.said.some(each => each.t === 'ended')
export const live = (): CameraEnd[] => cameraEnds.filter(isLive)

export const cameraOf = (world: World, end: CameraEnd): Camera | undefined =>
  world.cameras.find(each => each.process?.device === end.device)
