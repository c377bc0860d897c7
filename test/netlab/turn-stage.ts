import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mintCredential } from '@ownsight/turn-config/credentials'
import { parseTurnOptions, type TurnOptionsInput } from '@ownsight/turn-config/options'
import { render } from '@ownsight/turn-config/render'
import { createNetwork } from '../support/namespaces.ts'
import { type Started, start } from '../support/processes.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { until } from '../support/wait.ts'
import { createLabCa, type LabCa } from './certificate.ts'
import { type Probe, startProbe } from './turn-probe.ts'
import type { Login } from './turn-talk.ts'

export const RELAY = { ipv4: '203.0.113.10', second: '203.0.113.11', ipv6: '2001:db8:1::10' } as const
/** No default of coturn, so that the line which names it must be what opens it. */
export const PORT = 3500
export const SECRET = 's'.repeat(43)
export const OLD_SECRET = 'o'.repeat(43)
/** In the database that coturn opens where it is told of no other; as another program on the machine may have left it. */
export const FOREIGN_SECRET = 'f'.repeat(43)

/** Two namespaces with a cable between them: a relay in the one, who asks it in the other. */
export type TurnStage = {
  readonly folder: string
  readonly ca: LabCa
  readonly probe: Probe
  /** what the renderer makes of the settings of this stage, with some changed */
  render(change?: Partial<TurnOptionsInput>): string
  /** runs coturn with this file until `work` is done */
  serve<T>(config: string, work: (coturn: Started) => Promise<T>): Promise<T>
  /** a command where the relay is */
  run(...command: string[]): string
  prefix(): string[]
  close(): Promise<void>
}

export const login = (more: { secret?: string; ttlSeconds?: number; now?: number } = {}): Login => {
  const { username, credential } = mintCredential({ secret: SECRET, ...more })
  return { username, credential }
}

export function openTurnStage(): TurnStage {
  const folder = tempFolder('turn-stage')
  const network = createNetwork({
    namespaces: ['server', 'viewer'],
    links: [{ server: `${RELAY.ipv4}/24`, viewer: '203.0.113.99/24' }],
  })
  const address = (namespace: string, own: string): string =>
    network.run(namespace, 'ip', 'addr', 'add', own, 'dev', 'eth0')
  address('server', `${RELAY.second}/24`)
  address('server', `${RELAY.ipv6}/64`)
  address('viewer', '2001:db8:1::99/64')
  const ca = createLabCa(folder, Object.values(RELAY))
  const foreign = join(folder, 'foreign')
  execFileSync('turnadmin', ['-s', FOREIGN_SECRET, '-r', 'ownsight.test', '-b', foreign], { stdio: 'pipe' })
  const probe = startProbe(network.prefix('viewer'))
  const run = (...command: string[]): string => network.run('server', ...command)

  const settings: TurnOptionsInput = {
    realm: 'ownsight.test',
    externalIp: [RELAY.ipv4, RELAY.ipv6],
    secrets: [SECRET, OLD_SECRET],
    port: PORT,
    tls: { cert: ca.cert, key: ca.key, port: 443 },
    relayPorts: [50_000, 50_999],
    userQuota: 2,
    sessionKbit: 800,
    totalKbit: 100_000,
    allowPeers: ['10.20.0.0-10.20.255.255'],
    denyPeers: ['8.8.4.4', '2600::1-2600::2'],
    stateFolder: folder,
  }
  return {
    folder,
    ca,
    probe,
    run,
    prefix: () => network.prefix('server'),
    render: (change = {}) => render(parseTurnOptions({ ...settings, ...change })),
    async serve(config, work) {
      const file = join(folder, 'turnserver.conf')
      writeFileSync(file, config)
      const coturn = startCoturn(network.prefix('server'), { folder, file, foreign })
      try {
        await untilListening(coturn, run)
        return await work(coturn)
      } finally {
        await coturn.stop()
        for (const name of readdirSync(folder))
          if (/^(turndb|turnserver\.pid)/.test(name)) removeTemp(join(folder, name))
      }
    },
    async close() {
      await probe.close()
      network.close()
      removeTemp(folder)
    },
  }
}

/** In folders of its own where it writes by default: nothing of it stays on this machine, and a strange database is there. */
function startCoturn(prefix: string[], at: { folder: string; file: string; foreign: string }): Started {
  const script = `
    mkdir -p /var/lib/turn
    for each in /var/lib/turn /var/log /run; do mount -t tmpfs tmpfs $each || exit 1; done
    cp ${at.foreign} /var/lib/turn/turndb
    exec turnserver -c ${at.file}`
  const [command = '', ...before] = prefix
  return start(command, [...before, 'sh', '-c', script], { cwd: at.folder })
}

/** It opens its sockets one after another and says so too early: all are there when no more come. */
async function untilListening(coturn: Started, run: TurnStage['run']): Promise<void> {
  let before = ''
  const quiet = (): boolean => {
    if (coturn.child.exitCode !== null)
      throw new Error(`coturn ended: ${coturn.stdout().slice(-500)}${coturn.stderr()}`)
    const now = run('ss', '-Hlntu')
    const same = now === before && /:(3500|3478)\b/.test(now)
    before = now
    return same
  }
  await until(quiet, { timeout: 20_000, every: 60, what: 'coturn to listen' })
}
