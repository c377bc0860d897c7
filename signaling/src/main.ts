#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ACCOUNT_HELP, runAccount } from './account-command.ts'
import { invite } from './accounts.ts'
import { frugally } from './allocator.ts'
import { type ConfigInput, parseConfig } from './config.ts'
import { runScope, SCOPE_HELP } from './scope-command.ts'
import { SignalingError } from './signaling-error.ts'
import { openDatabase } from './store/database.ts'

const HELP = `ownsight-signaling: connects cameras and viewers that know each other's keys. It sees no picture.

  ownsight-signaling                                              on this machine only
  ownsight-signaling --behind-proxy https://cameras.example.org   behind your reverse proxy
  ownsight-signaling --host 192.0.2.7 --cert c.pem --key k.pem --origin https://cameras.home.arpa

  ownsight-signaling invite                                       print a code for one more account
${ACCOUNT_HELP}
  --host ADDRESS         listen here (default 127.0.0.1)
  --port PORT            default 8480
  --data FOLDER          the database (default ~/.local/state/ownsight-signaling)
  --viewer FOLDER        the built viewer to serve
  --cert FILE --key FILE TLS certificate and key, PEM
  --origin ORIGIN        what browsers type, where it is not the address listened on
  --behind-proxy ORIGIN  a reverse proxy with this https origin ends TLS
  --turn-url URL         a relay to lend to devices, such as turn:relay.example.org:3478; may be given again
  --turn-secret-file F   the secret that the relay knows too (ownsight-turn rotate makes it)
  --health-port PORT     /metrics, /healthz, /readyz on 127.0.0.1 (default 9480)
  --retention-days N     how long the log of routed messages is kept (default 90, at most 400)
  --config FILE          the same settings as JSON
  --help                 this text

${SCOPE_HELP}`

const text = { type: 'string' } as const
const OPTIONS = {
  host: text,
  port: text,
  data: text,
  viewer: text,
  cert: text,
  key: text,
  origin: text,
  'behind-proxy': text,
  'turn-url': { type: 'string', multiple: true },
  'turn-secret-file': text,
  'health-port': text,
  'retention-days': text,
  config: text,
  help: { type: 'boolean' },
} as const
const SCOPE_OPTIONS = {
  from: text,
  to: text,
  build: text,
  instance: text,
  integration: text,
  sessions: text,
  csv: text,
  json: { type: 'boolean' },
  people: { type: 'boolean' },
} as const

function parseCommandLine() {
  try {
    const options = { ...OPTIONS, ...SCOPE_OPTIONS }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [command, words] = readCommand(positionals)
    const stray = Object.keys(values).find(name => name in SCOPE_OPTIONS)
    if (command !== 'scope' && stray) throw new Error(`--${stray} belongs to the command scope`)
    return { ...values, command, words }
  } catch (error) {
    throw new SignalingError('usage', `${(error as Error).message.split('. ')[0]}. See --help.`)
  }
}

const COMMANDS = ['serve', 'invite', 'scope', 'account'] as const

function readCommand([name = 'serve', ...rest]: string[]): [(typeof COMMANDS)[number], string[]] {
  const command = COMMANDS.find(each => each === name)
  if (!command || (rest.length > 0 && command !== 'account'))
    throw new Error(`Unknown command ${[name, ...rest].join(' ')}`)
  return [command, rest]
}

type Options = ReturnType<typeof parseCommandLine>

function configure(options: Options): ConfigInput {
  const file: Partial<ConfigInput> = options.config ? readConfig(options.config) : {}
  const number = (value: string | undefined) => (value === undefined ? undefined : Number(value))
  const listen = withoutUndefined({ ...file.listen, host: options.host, port: number(options.port) })
  const tls = options.cert || options.key ? { cert: options.cert ?? '', key: options.key ?? '' } : undefined
  const turn =
    options['turn-url'] || options['turn-secret-file']
      ? { urls: options['turn-url'] ?? [], secretFile: options['turn-secret-file'] ?? '' }
      : undefined
  const given = withoutUndefined({
    turn,
    data: options.data,
    viewer: options.viewer,
    tls,
    origin: options.origin,
    behindProxy: options['behind-proxy'],
    healthPort: number(options['health-port']),
    retentionDays: number(options['retention-days']),
  })
  return {
    data: join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ownsight-signaling'),
    viewer: join(import.meta.dirname, '..', '..', 'viewer', 'dist'),
    healthPort: 9480,
    ...file,
    ...given,
    listen: { ...file.listen, ...listen },
  }
}

const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

function readConfig(path: string): Partial<ConfigInput> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new SignalingError('config', `${path} cannot be read, or is not JSON.`)
  }
}

async function main(): Promise<number> {
  const options = parseCommandLine()
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  const input = configure(options)
  if (options.command === 'scope') return runScope(parseConfig(input).data, options)
  if (options.command === 'account') await runAccount(input, options.words)
  else if (options.command === 'invite') await printInvitation(input)
  else await serve(input)
  return 0
}

async function serve(input: ConfigInput): Promise<void> {
  startFrugally()
  // Whoever only asks does not wait for a server to load.
  const { startSignaling } = await import('./server.ts')
  const signaling = await startSignaling(input)
  const { origin, setupToken } = signaling
  const first = `There is no account yet. Open it and make the first one with this token:\n\n  ${setupToken}\n\n`
  process.stdout.write(`Signaling server: ${origin}\n${setupToken ? first : ''}`)
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  await promise
  await signaling.close()
}

/** Does not return where it takes effect: the same process id goes on, with everything from the beginning. */
function startFrugally(): void {
  const { argv, env, execArgv, execPath, platform, execve } = process
  const again = frugally(platform, execArgv, { args: argv.slice(1), env })
  // A program that was forked would lose the channel to its parent.
  if (again && execve && !process.send) execve(execPath, [execPath, ...again.args], again.env)
}

/** Beside a running server too: the database takes turns. */
async function printInvitation(input: ConfigInput): Promise<void> {
  const db = openDatabase(parseConfig(input).data)
  const { invitation, exp } = await invite(db)
  await db.destroy()
  const until = new Date(exp * 1000).toISOString().slice(0, 10)
  process.stdout.write(`For one account, until ${until}:\n\n  ${invitation}\n`)
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    const known = error instanceof SignalingError
    process.stderr.write(
      `ownsight-signaling: ${known ? error.message : 'stopped by an unexpected fault. Please report it.'}\n`,
    )
    if (!known && process.env.NODE_DEBUG) process.stderr.write(`${(error as Error).stack}\n`)
    process.exit(known ? 2 : 1)
  },
)
