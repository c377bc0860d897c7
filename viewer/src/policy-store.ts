import type { DBSchema, IDBPDatabase } from 'idb'
import type { Operation } from './operation.ts'
import type { Confirmed, PolicyStore } from './policies.ts'

export interface PoliciesSchema extends DBSchema {
  policies: { key: string; value: Confirmed }
  operations: { key: number; value: Operation; indexes: { cam: string } }
}

/** A removal must survive the battery that dies next: "strict" waits for the disk. */
const DURABLE = { durability: 'strict' } as const

/** What was confirmed, and what is still to be. */
export function policyStore(db: IDBPDatabase<PoliciesSchema>): PolicyStore {
  return {
    confirmed: camId => db.get('policies', camId),
    saveConfirmed: async (camId, confirmed) => void (await db.put('policies', confirmed, camId)),
    operations: camId => db.getAllFromIndex('operations', 'cam', camId),
    async addOperation(operation) {
      const transaction = db.transaction('operations', 'readwrite', DURABLE)
      // Without an id: the database counts, so that two tabs never use one number.
      await transaction.store.add(operation as Operation)
      await transaction.done
    },
    async putOperations(operations) {
      const transaction = db.transaction('operations', 'readwrite', DURABLE)
      // Another tab may have had it confirmed meanwhile: what is gone stays gone.
      for (const operation of operations)
        if (await transaction.store.get(operation.id)) await transaction.store.put(operation)
      await transaction.done
    },
    async dropOperations(ids) {
      const transaction = db.transaction('operations', 'readwrite', DURABLE)
      for (const id of ids) await transaction.store.delete(id)
      await transaction.done
    },
    async forget(camId) {
      const transaction = db.transaction(['policies', 'operations'], 'readwrite', DURABLE)
      await transaction.objectStore('policies').delete(camId)
      const operations = transaction.objectStore('operations')
      for (const id of await operations.index('cam').getAllKeys(camId)) await operations.delete(id)
      await transaction.done
    },
  }
}
