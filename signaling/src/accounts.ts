import { takeInvitation } from './guests.ts'
import type { PasswordPool } from './password-pool.ts'
import { ApiError } from './signaling-error.ts'
import type { Database, TokenKind } from './store/database.ts'
import { hashSecret, issueToken, newSecret, nowSeconds, redeemToken } from './tokens.ts'

/** An account holds a rendezvous and a sealed roster. It holds no right to any camera: only keys do. */
export type Account = { id: string; name: string }

const INVITATION_S = 7 * 86_400
/** A restart makes a new one. */
const SETUP_S = 30 * 86_400

export const isSetUp = async (db: Database): Promise<boolean> =>
  (await db.selectFrom('accounts').select('id').limit(1).executeTakeFirst()) !== undefined

/** A token for the first account, printed on the console; undefined once there is an account. */
export async function newSetupToken(db: Database): Promise<string | undefined> {
  if (await isSetUp(db)) return undefined
  await db.deleteFrom('tokens').where('kind', '=', 'setup').execute()
  return issueToken(db, { kind: 'setup', lifetime: SETUP_S, bytes: 16 })
}

export type SignUp = { name: string; password: string } & ({ token: string } | { invitation: string })

/** @throws ApiError bad_token, name_taken */
export async function signUp(db: Database, passwords: PasswordPool, request: SignUp): Promise<Account> {
  const taken = await db
    .selectFrom('accounts')
    .select('id')
    .where('name', '=', request.name)
    .executeTakeFirst()
  const secret = 'token' in request ? request.token : request.invitation
  const kind = await tokenKind(db, secret, 'token' in request ? ['setup'] : ['invitation', 'guest'])
  if (!kind)
    throw new ApiError(
      403,
      'bad_token',
      'This code is wrong or used up. Ask whoever runs this server for a new one.',
    )
  if (taken) throw new ApiError(409, 'name_taken', 'This name is taken. Choose another one.')
  const password = await passwords.hash(request.password)
  return db.transaction().execute(async transaction => {
    if (kind === 'setup' && (await isSetUp(transaction)))
      throw new ApiError(
        403,
        'bad_token',
        'The first account exists already. Ask its owner for an invitation.',
      )
    if (kind === 'guest') {
      const account = await createAccount(transaction, request.name, password)
      await takeInvitation(transaction, account, secret)
      return account
    }
    if (!(await redeemToken(transaction, kind, secret)))
      throw new ApiError(403, 'bad_token', 'This code is used up. Ask for a new one.')
    return createAccount(transaction, request.name, password)
  })
}

const tokenKind = async (
  db: Database,
  secret: string,
  kinds: readonly TokenKind[],
): Promise<TokenKind | undefined> =>
  (
    await db
      .selectFrom('tokens')
      .select('kind')
      .where('hash', '=', hashSecret(secret))
      .where('kind', 'in', kinds)
      .where('expires', '>', nowSeconds())
      .executeTakeFirst()
  )?.kind

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
export async function signIn(
  db: Database,
  passwords: PasswordPool,
  name: string,
  password: string,
): Promise<Account> {
  const found = await db.selectFrom('accounts').selectAll().where('name', '=', name).executeTakeFirst()
  if (!(await passwords.verify(found?.password, password)) || !found)
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
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    return first ? { id: first.id, name: first.name } : createAccount(transaction, 'home', null)
  })
}

/** Ends every session of the account, the caller's too. @throws ApiError bad_credentials */
export async function changePassword(
  db: Database,
  passwords: PasswordPool,
  account: Account,
  old: string | undefined,
  next: string,
): Promise<void> {
  const found = await db
    .selectFrom('accounts')
    .select('password')
    .where('id', '=', account.id)
    .executeTakeFirst()
  if (found?.password != null && !(await passwords.verify(found.password, old ?? '')))
    throw new ApiError(401, 'bad_credentials', 'The old password is wrong.')
  const password = await passwords.hash(next)
  await db.transaction().execute(async transaction => {
    await transaction.updateTable('accounts').set({ password }).where('id', '=', account.id).execute()
    await transaction.deleteFrom('sessions').where('account', '=', account.id).execute()
  })
}

export async function invite(db: Database): Promise<{ invitation: string; exp: number }> {
  const invitation = await issueToken(db, { kind: 'invitation', lifetime: INVITATION_S, bytes: 16 })
  return { invitation, exp: nowSeconds() + INVITATION_S }
}
