import { createHmac, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Started, start } from '../support/processes.ts'

export type Coturn = {
  readonly process: Started
  readonly port: number
  /** ICE server entry with credentials for ten minutes (draft-uberti-behave-turn-rest) */
  readonly iceServer: { urls: string; username: string; credential: string }
}

/** A real relay, its configuration in a file of its own: no secret on a command line. */
export async function startCoturn(folder: string, address: string, port: number): Promise<Coturn> {
  const secret = randomBytes(24).toString('base64url')
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'turnserver.conf')
  const lines = [
    `listening-ip=${address}`,
    `relay-ip=${address}`,
    `listening-port=${port}`,
    `min-port=${port + 1}`,
    `max-port=${port + 50}`,
    'realm=ownsight.test',
    'use-auth-secret',
    `static-auth-secret=${secret}`,
    'fingerprint',
    'no-cli',
    'no-tls',
    'no-dtls',
    'no-multicast-peers',
    `userdb=${join(folder, 'turndb')}`,
    `pidfile=${join(folder, 'turn.pid')}`,
    'log-file=stdout',
    'verbose',
  ]
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  const process = start('turnserver', ['-c', config], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', TMPDIR: folder },
  })
  await process.waitForLine(/listener opened on|Relay ports initialization done/i)
  const username = `${Math.floor(Date.now() / 1000) + 600}:${randomBytes(8).toString('hex')}`
  const credential = createHmac('sha1', secret).update(username).digest('base64')
  return { process, port, iceServer: { urls: `turn:${address}:${port}?transport=udp`, username, credential } }
}
