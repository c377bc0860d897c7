import { generateKeyPair, type KeyPair, type PublicKey } from '@ownsight/protocol/ids'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { type GuestStore, type GuestsSchema, guestStore } from './guest-store.ts'
import type { PolicyStore } from './policies.ts'
import { type PoliciesSchema, policyStore } from './policy-store.ts'

/** This browser's keys for one account. None can be taken out; each does one thing. */
export type DeviceKeys = { view: KeyPair; admin: KeyPair; auth: KeyPair }
/** What the first pairing makes: root's public half, and the key that opens the list of cameras. */
export type OwnerKeys = { root: PublicKey; roster: CryptoKey }

interface Schema extends DBSchema, PoliciesSchema, GuestsSchema {
  keys: {
    key: string
    value: DeviceKeys | OwnerKeys | Uint8Array<ArrayBuffer> | number | { [camId: string]: string }
  }
  /** the newest place of each camera's log that its signature vouched for */
  heads: { key: string; value: { i: number; h: string; at: number } }
}

export type Keystore = {
  device(): Promise<DeviceKeys>
  owner(): Promise<OwnerKeys | undefined>
  saveOwner(keys: OwnerKeys): Promise<void>
  /** The seed of a recovery kit that was postponed; held only until the kit is made. */
  pendingSeed(): Promise<Uint8Array<ArrayBuffer> | undefined>
  savePendingSeed(seed: Uint8Array<ArrayBuffer>): Promise<void>
  dropPendingSeed(): Promise<void>
  rosterFloor(): Promise<number>
  raiseRosterFloor(version: number): Promise<void>
  phrases(): Promise<{ [camId: string]: string }>
  savePhrase(camId: string, phrase: string): Promise<void>
  /** until when a guest is wanted, by invitation: seconds since the epoch, or null for without end */
  wish(inviteId: string): Promise<number | null | undefined>
  saveWish(inviteId: string, until: number | null): Promise<void>
  readonly policies: PolicyStore
  readonly guests: GuestStore
  head(camId: string): Promise<{ i: number; h: string; at: number } | undefined>
  saveHead(camId: string, head: { i: number; h: string; at: number }): Promise<void>
  /** `unrestored`: cameras the recovery kit has not reached; `alarms`: logs that were tampered with, and how */
  marks(kind: 'unrestored' | 'alarms'): Promise<{ [camId: string]: string }>
  mark(kind: 'unrestored' | 'alarms', camId: string, value: string | undefined): Promise<void>
  close(): void
}

/** One database per account: another account in this browser has other keys and sees none of these. */
export async function openKeystore(account: string): Promise<Keystore> {
  const db = await openDB<Schema>(`ownsight-${account}`, 2, {
    upgrade(database, before) {
      if (before < 1) database.createObjectStore('keys')
      if (before >= 2) return
      database.createObjectStore('policies')
      const operations = database.createObjectStore('operations', { keyPath: 'id', autoIncrement: true })
      operations.createIndex('cam', 'cam')
      database.createObjectStore('guests', { keyPath: 'camId' })
      database.createObjectStore('heads')
    },
    // Another tab holds the version before: it is asked to let go, and reloads.
    blocking: (_current, _next, event) => (event.target as IDBDatabase).close(),
  })
  return {
    device: () => deviceKeys(db),
    owner: async () => (await db.get('keys', 'owner')) as OwnerKeys | undefined,
    saveOwner: async keys => void (await db.put('keys', keys, 'owner')),
    pendingSeed: async () => (await db.get('keys', 'seed')) as Uint8Array<ArrayBuffer> | undefined,
    savePendingSeed: async seed => void (await db.put('keys', seed, 'seed')),
    dropPendingSeed: () => db.delete('keys', 'seed'),
    rosterFloor: async () => ((await db.get('keys', 'roster-floor')) as number | undefined) ?? 0,
    raiseRosterFloor: async version => void (await db.put('keys', version, 'roster-floor')),
    phrases: async () => ((await db.get('keys', 'phrases')) as { [camId: string]: string } | undefined) ?? {},
    async savePhrase(camId, phrase) {
      const before = (await db.get('keys', 'phrases')) as { [camId: string]: string } | undefined
      await db.put('keys', { ...before, [camId]: phrase }, 'phrases')
    },
    async wish(inviteId) {
      const kept = ((await db.get('keys', 'wishes')) as { [id: string]: string } | undefined)?.[inviteId]
      return kept === undefined ? undefined : kept === '' ? null : Number(kept)
    },
    async saveWish(inviteId, until) {
      const before = (await db.get('keys', 'wishes')) as { [id: string]: string } | undefined
      await db.put('keys', { ...before, [inviteId]: until === null ? '' : String(until) }, 'wishes')
    },
    policies: policyStore(db as never),
    guests: guestStore(db as never),
    head: camId => db.get('heads', camId),
    saveHead: async (camId, head) => void (await db.put('heads', head, camId)),
    marks: async kind => ((await db.get('keys', kind)) as { [camId: string]: string } | undefined) ?? {},
    async mark(kind, camId, value) {
      const transaction = db.transaction('keys', 'readwrite')
      const before = (await transaction.store.get(kind)) as { [camId: string]: string } | undefined
      const { [camId]: _, ...rest } = before ?? {}
      await transaction.store.put(value === undefined ? rest : { ...rest, [camId]: value }, kind)
      await transaction.done
    },
    close: () => db.close(),
  }
}

/** Two tabs may meet here at the first sign-in: the first to write wins, and both use what was written. */
async function deviceKeys(db: IDBPDatabase<Schema>): Promise<DeviceKeys> {
  const stored = await db.get('keys', 'device')
  if (stored) return stored as DeviceKeys
  const [view, admin, auth] = await Promise.all([generateKeyPair(), generateKeyPair(), generateKeyPair()])
  const transaction = db.transaction('keys', 'readwrite')
  const other = await transaction.store.get('device')
  if (!other) await transaction.store.put({ view, admin, auth }, 'device')
  await transaction.done
  return (other as DeviceKeys | undefined) ?? { view, admin, auth }
}
