import type { Account } from './accounts.ts'
import { ApiError } from './signaling-error.ts'
import type { Database } from './store/database.ts'

/** The sealed camera list: ciphertext to this server, which keeps the newest version and nothing else of it. */

export const readRoster = async (
  db: Database,
  account: Account,
): Promise<{ version: number; sealed: string | null }> =>
  (await db
    .selectFrom('rosters')
    .select(['version', 'sealed'])
    .where('account', '=', account.id)
    .executeTakeFirst()) ?? {
    version: 0,
    sealed: null,
  }

/** Compare and swap. @throws ApiError conflict */
export async function writeRoster(
  db: Database,
  account: Account,
  version: number,
  sealed: string,
): Promise<void> {
  const row = { account: account.id, version, sealed }
  const written =
    version === 1
      ? await db
          .insertInto('rosters')
          .values(row)
          .onConflict(conflict => conflict.doNothing())
          .executeTakeFirst()
      : await db
          .updateTable('rosters')
          .set({ version, sealed })
          .where('account', '=', account.id)
          .where('version', '=', version - 1)
          .executeTakeFirst()
  const rows = 'numUpdatedRows' in written ? written.numUpdatedRows : written.numInsertedOrUpdatedRows
  if (rows !== 1n)
    throw new ApiError(409, 'conflict', 'Another device changed the camera list first. Read it again.')
}
