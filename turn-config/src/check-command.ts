import { readFileSync } from 'node:fs'
import { checkRelay, type Fault } from './check.ts'
import { TurnOptionError } from './options.ts'
import type { Login } from './turn-client.ts'

export type CheckValues = {
  readonly server: string | undefined
  readonly port: string | undefined
  readonly tlsPort: string | undefined
  readonly ca: string | undefined
  readonly credentialFile: string | undefined
  readonly allowPeers: readonly string[] | undefined
  readonly denyPeers: readonly string[] | undefined
  /** read only when there is no credential file */
  readonly secret: () => string
}

/** @returns what to print, and whether the relay is in order. @throws TurnOptionError */
export async function checkCommand(values: CheckValues): Promise<{ words: string; good: boolean }> {
  if (!values.server) throw new TurnOptionError('--server', 'name the relay, as its certificate does')
  const faults = await checkRelay({
    host: values.server,
    port: portOf('--port', values.port) ?? 3478,
    tlsPort: values.tlsPort === 'none' ? undefined : (portOf('--tls-port', values.tlsPort) ?? 443),
    ca: values.ca === undefined ? undefined : read('--ca', values.ca),
    ...(values.credentialFile === undefined
      ? { secret: values.secret() }
      : { login: loginOf(read('--credential-file', values.credentialFile)) }),
    allowPeers: values.allowPeers ?? [],
    denyPeers: values.denyPeers ?? [],
  })
  return { words: wordsOf(faults), good: faults.length === 0 }
}

const wordsOf = (faults: readonly Fault[]): string =>
  faults.length === 0
    ? 'The relay is in order: it relays, and refuses what it must.\n'
    : faults.map(({ code, text }) => `${code}: ${text}\n`).join('')

function portOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const port = Number(value)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TurnOptionError(name, 'give a port')
  return port
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new TurnOptionError(name, `cannot read ${file}`)
  }
}

/** As `ownsight-turn credentials` prints it. */
function loginOf(text: string): Login {
  try {
    const { username, credential } = JSON.parse(text) as Partial<Login>
    if (typeof username === 'string' && typeof credential === 'string') return { username, credential }
  } catch {
    // Said below.
  }
  throw new TurnOptionError('--credential-file', 'give what ownsight-turn credentials prints')
}
