import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTurnOptions } from '@ownsight/turn-config/options'
import { render } from '@ownsight/turn-config/render'
import { rotate } from '@ownsight/turn-config/rotate'
import { parseSecrets } from '@ownsight/turn-config/secret-file'
import { type Started, start } from '../support/processes.ts'

export type Coturn = {
  readonly process: Started
  readonly address: string
  readonly port: number
  /** what signaling is told of it, to lend it to viewer and camera */
  readonly signaling: string[]
}

/** A relay as an operator sets it up: the secret that `rotate` makes, the file that `render` writes, nothing else. */
export async function startCoturn(folder: string, address: string, port: number): Promise<Coturn> {
  mkdirSync(folder, { recursive: true })
  const secretFile = join(folder, 'secret')
  rotate(secretFile)
  const options = parseTurnOptions({
    realm: 'relay.example.org',
    externalIp: [address],
    secrets: parseSecrets(readFileSync(secretFile, 'utf8')),
    port,
    stateFolder: folder,
  })
  const file = join(folder, 'turnserver.conf')
  writeFileSync(file, render(options), { mode: 0o600 })
  const process = start('turnserver', ['-c', file], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', TMPDIR: folder },
  })
  await process.waitForLine(/listener opened on|Relay ports initialization done/i)
  const url = `turn:${address}:${port}?transport=udp`
  return { process, address, port, signaling: ['--turn-url', url, '--turn-secret-file', secretFile] }
}
