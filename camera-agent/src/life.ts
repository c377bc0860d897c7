import { type CameraClock, startClock } from './camera-clock.ts'
import { type CameraLog, openCameraLog } from './camera-log.ts'
import { type Journal, keepJournal } from './journal.ts'
import { type CameraKeys, createKeys, loadKeys } from './keystore.ts'
import { openPolicyStore, type PolicyStore } from './policy-store.ts'
import { eraseLife } from './reset.ts'

/** Everything that belongs to one camera key, from its making to the reset that ends it. */
export type Life = {
  keys: CameraKeys
  policies: PolicyStore
  clock: CameraClock
  log: CameraLog
  journal: Journal
}

export async function openLife(folder: string): Promise<Life> {
  const keys = (await loadKeys(folder)) ?? (await createKeys(folder))
  const policies = await openPolicyStore(folder, keys.cam)
  // A camera that nobody has paired has no past: what lies there is of a key that a reset ended.
  if (!policies.state()) await eraseLife(folder)
  const clock = startClock(policies.state()?.floor ?? 0)
  const log = await openCameraLog(folder, keys.cam, clock.now)
  return { keys, policies, clock, log, journal: keepJournal(log, clock) }
}
