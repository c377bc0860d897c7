#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkCommand } from './check-command.ts'
import { CREDENTIAL_LIFETIME_S, mintCredential } from './credentials.ts'
import { parseTurnOptions, TurnOptionError, type TurnOptionsInput } from './options.ts'
import { render, renderFirewall } from './render.ts'
import { finish, rotate } from './rotate.ts'
import { parseSecrets, SecretError } from './secret-file.ts'

const HELP = `ownsight-turn: the configuration of a relay (coturn) that carries ciphertext, and reaches nothing it should not.

  ownsight-turn rotate --secret-file secret                       make the secret; later: a new one beside the old
  ownsight-turn rotate --secret-file secret --finish              drop the old one
  ownsight-turn render --realm relay.example.org --external-ip 203.0.113.10 --secret-file secret > turnserver.conf
  ownsight-turn render --firewall --realm … > turn.nft            what the relay's user may send to, for nft -f
  ownsight-turn credentials --secret-file secret                  one credential, for a test by hand
  ownsight-turn check --server relay.example.org --secret-file secret
                          relays a packet, tries what must be refused, and says what is wrong; exit code 1 then

  --realm NAME            domain name of the relay
  --external-ip ADDRESS   public address; public/private behind a NAT; may be given again, for IPv6
  --secret-file FILE      shared with signaling (--turn-secret-file); mode 0600
  --listen-ip ADDRESS     where it listens, if not there
  --port PORT             UDP and TCP (3478)
  --cert FILE --key FILE  PEM, for TLS
  --tls-port PORT         TLS (443)
  --relay-ports A-B       UDP ports that peers see (49152-65535)
  --user-quota N          allocations of one credential (18)
  --total-quota N         allocations in all (1800)
  --session-kbit N        of one allocation, each way (8000)
  --total-kbit N          of all together (no bound)
  --allow-peers A-B       peers that are refused else, such as cameras in a network of your own; may be given again
  --deny-peers A-B        more that are refused, such as signaling's address on another machine; may be given again
  --state-folder FOLDER   where coturn keeps its empty database and its process id (/run/ownsight-turn)
  --user NAME             user the relay runs as, for --firewall (turnserver)
  --server NAME           relay to check, as its certificate names it
  --ca FILE               PEM of who signed it, for a certificate of your own (as browsers trust)
  --tls-port none         with check: the relay has no TLS
  --credential-file FILE  with check: one credential, instead of the secret
  --seconds N             how long a credential opens allocations (${CREDENTIAL_LIFETIME_S})
  --help                  this text
`

const text = { type: 'string' } as const
const many = { type: 'string', multiple: true } as const

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        realm: text,
        'external-ip': many,
        'secret-file': text,
        'listen-ip': many,
        port: text,
        cert: text,
        key: text,
        'tls-port': text,
        'relay-ports': text,
        'user-quota': text,
        'total-quota': text,
        'session-kbit': text,
        'total-kbit': text,
        'allow-peers': many,
        'deny-peers': many,
        'state-folder': text,
        user: text,
        seconds: text,
        server: text,
        ca: text,
        'credential-file': text,
        firewall: { type: 'boolean' },
        finish: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new TurnOptionError('usage', `${(error as Error).message.split('. ')[0]}. See --help.`)
  }
}
type Values = ReturnType<typeof parse>['values']

function optionsOf(values: Values): TurnOptionsInput {
  const number = (name: keyof Values): number | undefined =>
    values[name] === undefined ? undefined : Number(values[name])
  const [first, last] = (values['relay-ports'] ?? '').split('-').map(Number)
  const tls =
    values.cert || values.key
      ? given({ cert: values.cert ?? '', key: values.key ?? '', port: number('tls-port') })
      : undefined
  return given({
    realm: values.realm ?? '',
    externalIp: values['external-ip'] ?? [],
    secrets: secretsOf(values),
    listenIp: values['listen-ip'],
    port: number('port'),
    tls,
    relayPorts: values['relay-ports'] === undefined ? undefined : [first, last],
    userQuota: number('user-quota'),
    totalQuota: number('total-quota'),
    sessionKbit: number('session-kbit'),
    totalKbit: number('total-kbit'),
    allowPeers: values['allow-peers'],
    denyPeers: values['deny-peers'],
    stateFolder: values['state-folder'],
    user: values.user,
  }) as TurnOptionsInput
}

const given = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))

function fileOf(values: Values): string {
  if (!values['secret-file']) throw new TurnOptionError('--secret-file', 'name the file with the secret')
  return values['secret-file']
}

function secretsOf(values: Values): string[] {
  const file = fileOf(values)
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    throw new TurnOptionError('--secret-file', `cannot read ${file}; ownsight-turn rotate makes one`)
  }
  return parseSecrets(content)
}

async function main(): Promise<number> {
  const { values, positionals } = parse()
  const [command, ...rest] = positionals
  if (values.help) return say(HELP)
  if (rest.length > 0)
    throw new TurnOptionError('usage', `unknown command ${positionals.join(' ')}. See --help.`)
  if (command === 'render') {
    const options = parseTurnOptions(optionsOf(values))
    return say(values.firewall ? renderFirewall(options) : render(options))
  }
  if (command === 'credentials') {
    const secret = secretsOf(values).at(-1) ?? ''
    const ttlSeconds = Number(values.seconds ?? CREDENTIAL_LIFETIME_S)
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1)
      throw new TurnOptionError('--seconds', 'give a whole number of seconds')
    return say(`${JSON.stringify(mintCredential({ secret, ttlSeconds }))}\n`)
  }
  if (command === 'check') {
    const { words, good } = await checkCommand({
      server: values.server,
      port: values.port,
      tlsPort: values['tls-port'],
      ca: values.ca,
      credentialFile: values['credential-file'],
      allowPeers: values['allow-peers'],
      denyPeers: values['deny-peers'],
      secret: () => secretsOf(values).at(-1) ?? '',
    })
    say(words)
    return good ? 0 : 1
  }
  if (command === 'rotate') {
    if (values.finish) finish(fileOf(values))
    const live = values.finish ? 1 : rotate(fileOf(values))
    const next =
      live > 1
        ? ' Render and restart the relay, which then knows both; then run rotate --finish: signaling lends by the new one from there on.'
        : ''
    return say(`${live} live.${next}\n`)
  }
  throw new TurnOptionError(
    'usage',
    command ? `unknown command ${command}. See --help.` : 'which command? See --help.',
  )
}

function say(words: string): number {
  process.stdout.write(words)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  const known = error instanceof TurnOptionError || error instanceof SecretError
  const missing = (error as NodeJS.ErrnoException).code
  const words = known
    ? (error as Error).message
    : missing
      ? (error as Error).message
      : 'stopped by an unexpected fault. Please report it.'
  process.stderr.write(`ownsight-turn: ${words}\n`)
  process.exitCode = known ? 2 : 1
}
