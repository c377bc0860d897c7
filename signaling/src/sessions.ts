import type { Account } from './accounts.ts'
import type { Database } from './store/database.ts'
import { hashSecret, newSecret, nowSeconds } from './tokens.ts'

/** Opaque 256-bit secrets in a cookie; they open the HTTP interface, never a socket. */

export const SESSION_S = 30 * 86_400

/** The session's secret, for the cookie; only its hash is stored. */
export async function openSession(db: Database, account: Account): Promise<string> {
  const secret = newSecret()
  const expires = nowSeconds() + SESSION_S
  await db.deleteFrom('sessions').where('expires', '<=', nowSeconds()).execute()
  await db
    .insertInto('sessions')
    .values({ hash: hashSecret(secret), account: account.id, expires })
    .execute()
  return secret
}

export const findSession = async (db: Database, secret: string | undefined): Promise<Account | undefined> =>
  secret === undefined
    ? undefined
    : db
        .selectFrom('sessions')
        .innerJoin('accounts', 'accounts.id', 'sessions.account')
        .select(['accounts.id', 'accounts.name'])
        .where('sessions.hash', '=', hashSecret(secret))
        .where('sessions.expires', '>', nowSeconds())
        .executeTakeFirst()

export const closeSession = async (db: Database, secret: string): Promise<void> =>
  void (await db.deleteFrom('sessions').where('hash', '=', hashSecret(secret)).execute())
