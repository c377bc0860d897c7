import { importPublicKey, keyId, type PublicKey } from '@ownsight/protocol/ids'
import type { Account } from './accounts.ts'
import { ApiError } from './signaling-error.ts'
import type { Database } from './store/database.ts'
import { nowSeconds } from './tokens.ts'

/** Auth keys of viewers: each opens a socket for one account, and no camera knows or trusts it. */

const DEVICES_MAX = 256

/** Registers a viewer's auth key; one key belongs to one account. @throws ApiError device_taken, limit */
export async function registerDevice(db: Database, account: Account, auth: PublicKey): Promise<void> {
  await importPublicKey(auth).catch(() => {
    throw new ApiError(400, 'bad_form', 'This device key is none. Reload the page.')
  })
  const key = await keyId(auth)
  const mine = await db.selectFrom('devices').select('key').where('account', '=', account.id).execute()
  if (mine.some(device => device.key === key)) return
  if (mine.length >= DEVICES_MAX) throw new ApiError(409, 'limit', 'This account has too many devices.')
  const row = { key, ...auth, account: account.id, created: nowSeconds() }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('devices')
    .values(row)
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows === 0n)
    throw new ApiError(409, 'device_taken', 'This device belongs to another account.')
}

export const findDevice = (db: Database, key: string) =>
  db.selectFrom('devices').selectAll().where('key', '=', key).executeTakeFirst()
