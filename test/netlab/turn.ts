import { createHmac, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTurnOptions } from '@ownsight/turn-config/options'
import { render } from '@ownsight/turn-config/render'
import { type Started, start } from '../support/processes.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { createLabCa, type LabCa } from './certificate.ts'
import type { Lab } from './lab.ts'

/** What a configuration of coturn is made from, in a lab. */
export type TurnFacts = {
  readonly folder: string
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
  readonly realm: string
  readonly secret: string
  /** holds the secret, as signaling reads it */
  readonly secretFile: string
  /** PEM files, good for every address of the server */
  readonly cert: string
  readonly key: string
  readonly port: number
  readonly tlsPort: number
  readonly relayPorts: readonly [number, number]
}

export type Turn = TurnFacts & {
  /** who signed the certificate: clients of TURN over TLS must trust it */
  readonly ca: LabCa
  readonly process: Started
  /** STUN, then TURN over UDP, TCP and TLS. Credentials are new with each call. @param seconds they hold (600) */
  iceServers(options?: { seconds?: number; family?: 'ipv4' | 'ipv6' }): IceServer[]
  stop(): Promise<void>
}

export type IceServer = {
  readonly urls: string
  readonly username?: string
  readonly credential?: string
}

/**
 * A real coturn on the server of the lab. Its second address has no STUN of its own use: it is there for RFC 5780.
 * @param options.config what its file says, from the facts
 * @param options.ca of its certificate; a new one unless given
 */
export async function startTurn(
  lab: Lab,
  options: { config?: (facts: TurnFacts) => string; ca?: LabCa } = {},
): Promise<Turn> {
  const folder = tempFolder('turn')
  const ca = options.ca ?? createLabCa(folder, [...lab.server.ipv4, ...lab.server.ipv6])
  const facts: TurnFacts = {
    folder,
    ipv4: lab.server.ipv4,
    ipv6: lab.server.ipv6,
    realm: 'ownsight.test',
    secret: randomBytes(32).toString('base64url'),
    secretFile: join(folder, 'secret'),
    cert: ca.cert,
    key: ca.key,
    port: 3478,
    tlsPort: 5349,
    relayPorts: [49_152, 49_999],
  }
  writeFileSync(facts.secretFile, `${facts.secret}\n`, { mode: 0o600 })
  const file = join(folder, 'turnserver.conf')
  writeFileSync(file, (options.config ?? productConfig)(facts), { mode: 0o600 })
  const [command = '', ...before] = lab.server.prefix
  const coturn = start(command, [...before, 'turnserver', '-c', file], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
  })
  const stop = async (): Promise<void> => {
    await coturn.stop()
    removeTemp(folder)
  }
  try {
    await coturn.waitForLine(/listener opened on|Relay ports initialization done/i)
    // It starts with options it does not know, and says so in its log only.
    if (/bad configuration/i.test(coturn.stdout())) throw new Error(`coturn: ${coturn.stdout()}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { ...facts, ca, process: coturn, iceServers: more => iceServers(facts, more), stop }
}

/** What our own renderer makes for an operator; the lab's public addresses are reserved ones, which it refuses else. */
export const productConfig = (facts: TurnFacts): string =>
  render(
    parseTurnOptions({
      realm: facts.realm,
      externalIp: [facts.ipv4[0] ?? '', facts.ipv6[0] ?? ''],
      secrets: [facts.secret],
      port: facts.port,
      tls: { cert: facts.cert, key: facts.key, port: facts.tlsPort },
      relayPorts: [...facts.relayPorts],
      stateFolder: facts.folder,
      allowPeers: [
        '198.51.100.0-198.51.100.255',
        '192.0.2.0-192.0.2.255',
        '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      ],
    }),
  )

/** Credentials as draft-uberti-behave-turn-rest makes them. */
function iceServers(
  facts: TurnFacts,
  { seconds = 600, family = 'ipv4' }: { seconds?: number; family?: 'ipv4' | 'ipv6' } = {},
): IceServer[] {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:${randomBytes(8).toString('hex')}`
  const credential = createHmac('sha1', facts.secret).update(username).digest('base64')
  const host = family === 'ipv4' ? facts.ipv4[0] : `[${facts.ipv6[0]}]`
  return [
    { urls: `stun:${host}:${facts.port}` },
    ...[
      `turn:${host}:${facts.port}?transport=udp`,
      `turn:${host}:${facts.port}?transport=tcp`,
      `turns:${host}:${facts.tlsPort}?transport=tcp`,
    ].map(urls => ({ urls, username, credential })),
  ]
}
