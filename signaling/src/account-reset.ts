import type { Account } from './accounts.ts'
import type { PasswordPool } from './password-pool.ts'
import { ApiError } from './signaling-error.ts'
import type { Database } from './store/database.ts'
import { hashSecret, issueToken, nowSeconds, redeemToken } from './tokens.ts'

/**
 * A forgotten password. The operator hands over a code, the person sets a new password with it. An account holds no
 * right to any camera, so this gives none: whoever gets in this way finds a camera list that does not open without
 * the owner's keys, and cameras that do not answer.
 *
 * The devices registered under the account go too. Whoever had the old password may have registered one, and would go
 * on hearing when cameras come and go; the person's own devices are registered again when they sign in.
 */

export const RESET_S = 1800

/** Makes every earlier code of the account void. Undefined when there is no such account. */
export async function issueReset(db: Database, name: string): Promise<string | undefined> {
  const account = await accountNamed(db, name)
  if (!account) return undefined
  await db.deleteFrom('tokens').where('kind', '=', 'reset').where('account', '=', account.id).execute()
  return issueToken(db, { kind: 'reset', account: account.id, lifetime: RESET_S, bytes: 16 })
}

const accountNamed = (db: Database, name: string) =>
  db.selectFrom('accounts').select(['id', 'name']).where('name', '=', name).executeTakeFirst()

const badToken = (): ApiError =>
  new ApiError(
    403,
    'bad_token',
    'This code was used or is too old. Ask whoever runs this server for a new one.',
  )

/** Sets the password and ends every sign-in of the account. @throws ApiError bad_token */
export async function resetPassword(
  db: Database,
  passwords: PasswordPool,
  request: { token: string; password: string },
): Promise<Account> {
  const known = await db
    .selectFrom('tokens')
    .select('hash')
    .where('hash', '=', hashSecret(request.token))
    .where('kind', '=', 'reset')
    .where('expires', '>', nowSeconds())
    .executeTakeFirst()
  if (!known) throw badToken()
  const password = await passwords.hash(request.password)
  return db.transaction().execute(async transaction => {
    const id = (await redeemToken(transaction, 'reset', request.token))?.account
    if (!id) throw badToken()
    const account = await transaction
      .updateTable('accounts')
      .set({ password })
      .where('id', '=', id)
      .returning(['id', 'name'])
      .executeTakeFirstOrThrow()
    await transaction.deleteFrom('sessions').where('account', '=', id).execute()
    await transaction.deleteFrom('devices').where('account', '=', id).execute()
    return account
  })
}

export type AccountSummary = { name: string; created: number; devices: number; cameras: number }

export async function listAccounts(db: Database): Promise<AccountSummary[]> {
  const rows = await db
    .selectFrom('accounts')
    .select(({ selectFrom, fn }) => [
      'name',
      'created',
      selectFrom('devices')
        .whereRef('account', '=', 'accounts.id')
        .select(fn.countAll<number>().as('n'))
        .as('devices'),
      selectFrom('cameras')
        .whereRef('account', '=', 'accounts.id')
        .select(fn.countAll<number>().as('n'))
        .as('cameras'),
    ])
    .orderBy('created')
    .execute()
  return rows.map(row => ({ ...row, devices: Number(row.devices), cameras: Number(row.cameras) }))
}

/** With everything that hangs on it. Its cameras go on obeying their owner's keys. */
export async function deleteAccount(db: Database, name: string): Promise<boolean> {
  const gone = await db.deleteFrom('accounts').where('name', '=', name).returning('id').executeTakeFirst()
  return gone !== undefined
}
