import { keyId, type PublicKey } from '@ownsight/protocol/ids'
import { reaches } from './guests.ts'
import type { Database } from './store/database.ts'
import { nowSeconds, redeemToken } from './tokens.ts'

/** Which account a camera asked to be reachable under: presence and abuse control. No right rests on it. */

export const findCameraByAuth = (db: Database, auth: string) =>
  db.selectFrom('cameras').selectAll().where('auth', '=', auth).executeTakeFirst()

export const camerasOf = async (db: Database, account: string): Promise<string[]> =>
  (await db.selectFrom('cameras').select('id').where('account', '=', account).execute()).map(row => row.id)

/** Whether this account's devices may ask this camera at all. It can only refuse: the camera decides. */
export const mayReach = async (db: Database, account: string, camera: string): Promise<boolean> =>
  (await db
    .selectFrom('cameras')
    .select('id')
    .where('id', '=', camera)
    .where('account', '=', account)
    .executeTakeFirst()) !== undefined ||
  (await reaches(db, account).where('camera', '=', camera).executeTakeFirst()) !== undefined

const CAMERAS_MAX = 64

/** Uses the ticket up. Undefined when it is no ticket, or the auth key speaks for another camera. */
export async function bindCamera(
  db: Database,
  camera: { id: string; key: PublicKey; auth: PublicKey; ticket: string },
): Promise<{ account: string; changed: boolean } | undefined> {
  const auth = await keyId(camera.auth)
  return db.transaction().execute(async transaction => {
    const redeemed = await redeemToken(transaction, 'ticket', camera.ticket)
    if (!redeemed?.account) {
      // The ack of an earlier bind was lost: the same camera with the same key is bound already.
      const known = await findCameraByAuth(transaction, auth)
      return known?.id === camera.id ? { account: known.account, changed: false } : undefined
    }
    const { account } = redeemed
    const holder = await findCameraByAuth(transaction, auth)
    if (holder && holder.id !== camera.id) return undefined
    if ((await camerasOf(transaction, account)).length >= CAMERAS_MAX) return undefined
    const keys = { auth, ...camera.auth, cam_x: camera.key.x, cam_y: camera.key.y }
    const row = { id: camera.id, ...keys, account, created: nowSeconds() }
    // A camera that comes under another account leaves its guests behind.
    await transaction.deleteFrom('cameras').where('id', '=', camera.id).execute()
    await transaction.insertInto('cameras').values(row).execute()
    return { account, changed: true }
  })
}
