import { deleteAccount, issueReset, listAccounts, RESET_S } from './account-reset.ts'
import { type ConfigInput, originOf, parseConfig } from './config.ts'
import { SignalingError } from './signaling-error.ts'
import { type Database, openDatabase } from './store/database.ts'

export const ACCOUNT_HELP = `  ownsight-signaling account list                     who has an account
  ownsight-signaling account reset NAME               forgotten password: print a link to set a new one (30 minutes)
  ownsight-signaling account delete NAME              the account, its devices, its camera list; opens no camera
`

const VERBS = ['list', 'reset', 'delete'] as const

/** Beside a running server too: the database takes turns. @throws SignalingError for what the person can mend */
export async function runAccount(input: ConfigInput, [verb, name, ...rest]: string[]): Promise<void> {
  const known = VERBS.find(each => each === verb)
  if (!known || rest.length > 0 || (known === 'list') !== (name === undefined))
    throw new SignalingError('usage', 'Say account list, account reset NAME or account delete NAME.')
  const config = parseConfig(input)
  const db = openDatabase(config.data)
  try {
    const origin = originOf(config, config.listen.port)
    process.stdout.write(
      await (name === undefined ? list(db) : known === 'reset' ? reset(db, name, origin) : remove(db, name)),
    )
  } finally {
    await db.destroy()
  }
}

async function list(db: Database): Promise<string> {
  const accounts = await listAccounts(db)
  if (accounts.length === 0) return 'There is no account yet.\n'
  return accounts
    .map(({ name, created, devices, cameras }) => {
      const since = new Date(created * 1000).toISOString().slice(0, 10)
      return `${name}  since ${since}, devices: ${devices}, cameras: ${cameras}\n`
    })
    .join('')
}

const unknown = (name: string): SignalingError =>
  new SignalingError('account', `There is no account ${name} here. See account list.`)

async function reset(db: Database, name: string, origin: string): Promise<string> {
  const token = await issueReset(db, name)
  if (!token) throw unknown(name)
  return `For ${name}, once, within ${RESET_S / 60} minutes. It sets a new password and gives no camera.

  ${origin}/#reset=${token}
`
}

async function remove(db: Database, name: string): Promise<string> {
  if (!(await deleteAccount(db, name))) throw unknown(name)
  return `${name} is gone. Its cameras still obey their owner's keys, and nobody else's.\n`
}
