import type { Operation } from '../../../viewer/src/operation.ts'
import type { Confirmed, PolicyStore } from '../../../viewer/src/policies.ts'

/** What IndexedDB keeps in a browser, in memory. */
export function memoryPolicyStore(entries: readonly [string, Confirmed][] = []): PolicyStore {
  const confirmed = new Map(entries)
  const operations = new Map<number, Operation>()
  let count = 0
  return {
    confirmed: async camId => confirmed.get(camId),
    saveConfirmed: async (camId, value) => void confirmed.set(camId, value),
    operations: async camId => [...operations.values()].filter(({ cam }) => cam === camId),
    async addOperation(operation) {
      const id = ++count
      operations.set(id, { ...operation, id })
    },
    async putOperations(changed) {
      for (const operation of changed)
        if (operations.has(operation.id)) operations.set(operation.id, operation)
    },
    async dropOperations(ids) {
      for (const id of ids) operations.delete(id)
    },
    async forget(camId) {
      confirmed.delete(camId)
      for (const { id, cam } of operations.values()) if (cam === camId) operations.delete(id)
    },
  }
}
