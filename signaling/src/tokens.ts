import { createHash, randomBytes } from 'node:crypto'
import type { Database, TokenKind } from './store/database.ts'

/** Random secrets that are shown once and stored as hashes. */

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url')

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

/** @param lifetime seconds */
export async function issueToken(
  db: Database,
  token: {
    kind: TokenKind
    lifetime: number
    account?: string
    bytes?: number
    camera?: string
    until?: number | null
  },
): Promise<string> {
  const secret = newSecret(token.bytes)
  const expires = nowSeconds() + token.lifetime
  await db.deleteFrom('tokens').where('expires', '<=', nowSeconds()).execute()
  await db
    .insertInto('tokens')
    .values({
      hash: hashSecret(secret),
      kind: token.kind,
      account: token.account ?? null,
      expires,
      camera: token.camera ?? null,
      until: token.until ?? null,
    })
    .execute()
  return secret
}

/** Uses a token up: of two callers with the same one, one gets it. */
export async function redeemToken(
  db: Database,
  kind: TokenKind,
  secret: string,
): Promise<{ account: string | null; camera: string | null; until: number | null } | undefined> {
  return db
    .deleteFrom('tokens')
    .where('hash', '=', hashSecret(secret))
    .where('kind', '=', kind)
    .where('expires', '>', nowSeconds())
    .returning(['account', 'camera', 'until'])
    .executeTakeFirst()
}
