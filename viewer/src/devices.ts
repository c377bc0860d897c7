import { type KeyId, keyId } from '@ownsight/protocol/ids'
import type { People } from '@ownsight/protocol/roster'
import type { Home } from './home.ts'
import type { CameraPolicy } from './policies.ts'

/** A device that may change things, and where that stands with each camera. */
export type OwnDevice = {
  readonly admin: KeyId
  /** unknown for a device that has no name in the list */
  readonly view?: KeyId
  readonly name: string
  readonly self: boolean
  readonly cameras: readonly { name: string; state: 'confirmed' | 'adding' | 'removing' }[]
}

type Known = { people: People; own: { admin: KeyId; view: KeyId } }

/** Gathers the devices from what each camera has confirmed, and from what waits for its confirmation. */
export async function devicesOf(
  cameras: readonly { name: string; policy: CameraPolicy }[],
  { people, own }: Known,
): Promise<OwnDevice[]> {
  const devices = new Map<KeyId, OwnDevice>()
  const note = (admin: KeyId, camera: OwnDevice['cameras'][number]): void => {
    const person = people.find(each => each.admin === admin)
    const self = admin === own.admin
    const view = self ? own.view : person?.view
    const known = devices.get(admin) ?? {
      admin,
      name: person?.name ?? (self ? 'This device' : `A device you have not named (${admin.slice(0, 4)}…)`),
      self,
      cameras: [],
      ...(view === undefined ? {} : { view }),
    }
    devices.set(admin, { ...known, cameras: [...known.cameras, camera] })
  }
  for (const { name, policy } of cameras) {
    const changes = policy.pending.flatMap(operation => (operation.unsure ? [] : operation.changes))
    const removed = new Set(changes.flatMap(change => (change.op === 'remove' ? [change.k] : [])))
    const confirmed = await Promise.all((policy.inForce?.policy.admins ?? []).map(({ k }) => keyId(k)))
    for (const admin of confirmed) note(admin, { name, state: removed.has(admin) ? 'removing' : 'confirmed' })
    for (const change of changes) {
      if (change.op !== 'add-admin') continue
      const admin = await keyId(change.admin)
      if (!confirmed.includes(admin) && !removed.has(admin)) note(admin, { name, state: 'adding' })
    }
  }
  return [...devices.values()].sort((a, b) => Number(b.self) - Number(a.self))
}

/** Takes a device out of every camera: it may neither change nor watch. A camera that is off learns it when it is back. */
export async function removeDevice(home: Home, device: OwnDevice): Promise<void> {
  const keys = [device.admin, ...(device.view === undefined ? [] : [device.view])]
  for (const { camId } of home.roster.value)
    await home.policies.keep(
      camId,
      keys.map(k => ({ op: 'remove' as const, k })),
      `${device.name} removed`,
    )
}
