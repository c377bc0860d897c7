import type { PublicKey } from '@ownsight/protocol/ids'
import { keyId } from '@ownsight/protocol/ids'
import { hashPassword, verifyPassword } from './password.ts'
import { ApiError } from './signaling-error.ts'
import type { Database } from './store/database.ts'
import { hashSecret, issueToken, newSecret, nowSeconds, redeemToken } from './tokens.ts'

/** An account holds a rendezvous and a sealed roster. It holds no right to any camera: only keys do. */
export type Account = { id: string; name: string }

const SESSION_S = 30 * 86_400
const INVITATION_S = 7 * 86_400

export const isSetUp = async (db: Database): Promise<boolean> =>
  (await db.selectFrom('accounts').select('id').limit(1).executeTakeFirst()) !== undefined

/** A token for the first account, printed on the console; undefined once there is an account. */
export async function newSetupToken(db: Database): Promise<string | undefined> {
  if (await isSetUp(db)) return undefined
  await db.deleteFrom('tokens').where('kind', '=', 'setup').execute()
  return issueToken(db, { kind: 'setup', lifetime: 86_400, bytes: 16 })
}

export type SignUp = { name: string; password: string } & ({ token: string } | { invitation: string })

/** @throws ApiError bad_token, name_taken */
export async function signUp(db: Database, request: SignUp): Promise<Account> {
  const taken = await db
    .selectFrom('accounts')
    .select('id')
    .where('name', '=', request.name)
    .executeTakeFirst()
  const [kind, secret] =
    'token' in request ? (['setup', request.token] as const) : (['invitation', request.invitation] as const)
  if (!(await tokenExists(db, kind, secret)))
    throw new ApiError(
      403,
      'bad_token',
      'This code is wrong or used up. Ask whoever runs this server for a new one.',
    )
  if (taken) throw new ApiError(409, 'name_taken', 'This name is taken. Choose another one.')
  const password = await hashPassword(request.password)
  return db.transaction().execute(async transaction => {
    if (kind === 'setup' && (await isSetUp(transaction)))
      throw new ApiError(
        403,
        'bad_token',
        'The first account exists already. Ask its owner for an invitation.',
      )
    if (!(await redeemToken(transaction, kind, secret)))
      throw new ApiError(403, 'bad_token', 'This code is used up. Ask for a new one.')
    return createAccount(transaction, request.name, password)
  })
}

const tokenExists = async (db: Database, kind: 'setup' | 'invitation', secret: string): Promise<boolean> =>
  (await db
    .selectFrom('tokens')
    .select('hash')
    .where('hash', '=', hashSecret(secret))
    .where('kind', '=', kind)
    .where('expires', '>', nowSeconds())
    .executeTakeFirst()) !== undefined

async function createAccount(db: Database, name: string, password: string | null): Promise<Account> {
  const account = { id: newSecret(16), name }
  try {
    await db
      .insertInto('accounts')
      .values({ ...account, password, created: nowSeconds() })
      .execute()
  } catch (error) {
    if (/UNIQUE/.test(String(error)))
      throw new ApiError(409, 'name_taken', 'This name is taken. Choose another one.')
    throw error
  }
  return account
}

/** @throws ApiError bad_credentials, the same for an unknown name and a wrong password */
export async function signIn(db: Database, name: string, password: string): Promise<Account> {
  const found = await db.selectFrom('accounts').selectAll().where('name', '=', name).executeTakeFirst()
  if (!(await verifyPassword(found?.password, password)) || !found)
    throw new ApiError(401, 'bad_credentials', 'Name or password is wrong.')
  return { id: found.id, name: found.name }
}

/** With a one-use token from the console. With no account yet it makes `home`, which has no password. */
export async function signInByToken(db: Database, token: string): Promise<Account> {
  return db.transaction().execute(async transaction => {
    const redeemed = await redeemToken(transaction, 'sign-in', token)
    if (!redeemed)
      throw new ApiError(
        401,
        'bad_token',
        'This link was used or is too old. Get a new one where Ownsight runs.',
      )
    const first = await transaction
      .selectFrom('accounts')
      .selectAll()
      .orderBy('created')
      .limit(1)
      .executeTakeFirst()
    return first ? { id: first.id, name: first.name } : createAccount(transaction, 'home', null)
  })
}

/** @throws ApiError bad_credentials */
export async function changePassword(
  db: Database,
  account: Account,
  old: string | undefined,
  next: string,
): Promise<void> {
  const found = await db
    .selectFrom('accounts')
    .select('password')
    .where('id', '=', account.id)
    .executeTakeFirst()
  if (found?.password != null && !(await verifyPassword(found.password, old ?? '')))
    throw new ApiError(401, 'bad_credentials', 'The old password is wrong.')
  const password = await hashPassword(next)
  await db.updateTable('accounts').set({ password }).where('id', '=', account.id).execute()
  await db.deleteFrom('sessions').where('account', '=', account.id).execute()
}

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

export async function invite(db: Database): Promise<{ invitation: string; exp: number }> {
  const invitation = await issueToken(db, { kind: 'invitation', lifetime: INVITATION_S, bytes: 16 })
  return { invitation, exp: nowSeconds() + INVITATION_S }
}

const DEVICES_MAX = 64

/** Registers a viewer's auth key; one key belongs to one account. @throws ApiError device_taken, limit */
export async function registerDevice(db: Database, account: Account, auth: PublicKey): Promise<void> {
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
    .executeTakeFirst()) !== undefined

export async function bindCamera(
  db: Database,
  camera: { id: string; auth: PublicKey; ticket: string },
): Promise<{ account: string } | undefined> {
  const auth = await keyId(camera.auth)
  return db.transaction().execute(async transaction => {
    const redeemed = await redeemToken(transaction, 'ticket', camera.ticket)
    if (!redeemed?.account) {
      // The ack of an earlier bind was lost: the same camera with the same key is bound already.
      const known = await findCameraByAuth(transaction, auth)
      return known?.id === camera.id ? { account: known.account } : undefined
    }
    const { account } = redeemed
    const row = { id: camera.id, auth, x: camera.auth.x, y: camera.auth.y, account, created: nowSeconds() }
    await transaction.deleteFrom('cameras').where('id', '=', camera.id).execute()
    await transaction.insertInto('cameras').values(row).execute()
    return { account }
  })
}

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
