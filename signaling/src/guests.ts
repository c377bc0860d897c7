import type { Account } from './accounts.ts'
import { ApiError } from './signaling-error.ts'
import type { Database } from './store/database.ts'
import { issueToken, nowSeconds, redeemToken } from './tokens.ts'

/**
 * Which further accounts may knock at a camera. It lets their messages through to the camera and tells them when it
 * is online: the camera's own policy decides what they get, and a guest it does not know gets nothing.
 */

/** An invitation that is not used within this time is void. */
const INVITATION_S = 30 * 86_400
const REACHES_MAX = 256

/** Asked by the account the camera is bound to. @param until seconds since the epoch, null for no end */
export async function inviteGuest(
  db: Database,
  account: Account,
  request: { cam: string; until: number | null },
): Promise<{ invitation: string; exp: number }> {
  const { cam, until } = request
  const mine = await db
    .selectFrom('cameras')
    .select('id')
    .where('id', '=', cam)
    .where('account', '=', account.id)
    .executeTakeFirst()
  if (!mine) throw new ApiError(404, 'unknown_camera', 'This camera is not one of this account.')
  const lifetime = Math.min(INVITATION_S, (until ?? Number.POSITIVE_INFINITY) - nowSeconds())
  if (lifetime <= 0) throw new ApiError(400, 'bad_form', 'The end of the invitation is past.')
  const token = { kind: 'guest' as const, lifetime, account: account.id, camera: cam, until }
  return { invitation: await issueToken(db, token), exp: nowSeconds() + lifetime }
}

/** Uses a guest's invitation up for an account. @throws ApiError bad_token */
export async function acceptInvitation(db: Database, account: Account, invitation: string): Promise<string> {
  return db.transaction().execute(transaction => takeInvitation(transaction, account, invitation))
}

/** The same inside a transaction of the caller's. */
export async function takeInvitation(db: Database, account: Account, invitation: string): Promise<string> {
  const redeemed = await redeemToken(db, 'guest', invitation)
  const camera = redeemed?.camera
  const bound = camera
    ? await db.selectFrom('cameras').select('account').where('id', '=', camera).executeTakeFirst()
    : undefined
  if (!redeemed || !camera || !bound)
    throw new ApiError(403, 'bad_token', 'This invitation was used or is too old. Ask for a new link.')
  if (bound.account === account.id) return camera
  const mine = await db.selectFrom('reaches').select('camera').where('account', '=', account.id).execute()
  if (mine.length >= REACHES_MAX)
    throw new ApiError(409, 'limit', 'This account was invited to too many cameras. Leave one first.')
  const row = { account: account.id, camera, expires: redeemed.until, created: nowSeconds() }
  await db
    .insertInto('reaches')
    .values(row)
    .onConflict(conflict => conflict.columns(['account', 'camera']).doUpdateSet({ expires: row.expires }))
    .execute()
  return camera
}

/** The cameras an account was invited to. */
export const reachedBy = async (db: Database, account: string): Promise<string[]> =>
  (await reaches(db, account).execute()).map(row => row.camera)

export const reaches = (db: Database, account: string) =>
  db
    .selectFrom('reaches')
    .select('camera')
    .where('account', '=', account)
    .where(where => where.or([where('expires', 'is', null), where('expires', '>', nowSeconds())]))

/** The account forgets a camera: its own binding, or its guest's way to it. */
export async function forgetCamera(
  db: Database,
  account: Account,
  cam: string,
): Promise<'unbound' | 'left' | undefined> {
  const gone = await db
    .deleteFrom('cameras')
    .where('id', '=', cam)
    .where('account', '=', account.id)
    .returning('id')
    .executeTakeFirst()
  if (gone) return 'unbound'
  const left = await db
    .deleteFrom('reaches')
    .where('camera', '=', cam)
    .where('account', '=', account.id)
    .returning('camera')
    .executeTakeFirst()
  return left ? 'left' : undefined
}
