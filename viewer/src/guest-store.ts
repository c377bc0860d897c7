import type { PublicKey } from '@ownsight/protocol/ids'
import type { DBSchema, IDBPDatabase } from 'idb'

/** A camera of somebody else. Its key is pinned once the camera itself has answered the invitation. */
export type GuestCamera = {
  readonly camId: string
  /** from the link, or what this person calls it */
  readonly name: string
  /** the invite key's private half, until the camera has tied it to this device */
  readonly secret?: Uint8Array<ArrayBuffer>
  readonly key?: PublicKey
  /** the server's half of the link, until it was used */
  readonly server?: string
  /** while the owner has to let this device in: the hash of the policy it waits to see changed */
  readonly waiting?: string
  /** true once a session was confirmed */
  readonly letIn?: boolean
  /** what the camera said last, over a session of its own, when it ended for good */
  readonly ended?: string
}

export interface GuestsSchema extends DBSchema {
  guests: { key: string; value: GuestCamera }
}

export type GuestStore = {
  all(): Promise<GuestCamera[]>
  save(camera: GuestCamera): Promise<void>
  drop(camId: string): Promise<void>
}

export const guestStore = (db: IDBPDatabase<GuestsSchema>): GuestStore => ({
  all: () => db.getAll('guests'),
  save: async camera => void (await db.put('guests', camera)),
  drop: camId => db.delete('guests', camId),
})
