import type { AddressInfo } from 'node:net'
import { VERSION } from '@ownsight/protocol/version'
import { newSetupToken } from './accounts.ts'
import { openCameraNamespace } from './camera-namespace.ts'
import { type Config, type ConfigInput, originOf, parseConfig } from './config.ts'
import { startHeads } from './heads.ts'
import { openHealth } from './health.ts'
import { createHttp } from './http.ts'
import { createPseudonyms, newInstance, openLog } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { Rendezvous } from './pair.ts'
import { createPasswordPool } from './password-pool.ts'
import { createPresence } from './presence.ts'
import { openPseudonyms } from './pseudonyms.ts'
import { startRetention } from './retention.ts'
import { startRoutedLog } from './routed-log.ts'
import { LOG_FILE, LOG_MIGRATIONS } from './routed-log-schema.ts'
import { openRowWriter } from './routed-log-writer.ts'
import type { Runtime } from './runtime.ts'
import { SignalingError } from './signaling-error.ts'
import { createSockets } from './sockets.ts'
import { type Database, openDatabase, openFile } from './store/database.ts'
import { issueToken } from './tokens.ts'
import { openUnpairedNamespace } from './unpaired-namespace.ts'
import { openViewerNamespace } from './viewer-namespace.ts'

export type Signaling = {
  readonly origin: string
  readonly port: number
  readonly healthPort: number | undefined
  /** for the first account; undefined once there is one */
  readonly setupToken: string | undefined
  /** A one-use token (one hour) for a sign-in link, for whoever controls this process. */
  mintSignInToken(): Promise<string>
  close(): Promise<void>
}

const SIGN_IN_S = 3600

/** Starts a server and resolves when it listens. @throws SignalingError for what the operator can mend */
export async function startSignaling(input: ConfigInput): Promise<Signaling> {
  const config = parseConfig(input)
  const metrics = createMetrics()
  const db = openDatabase(config.data, { onCommit: seconds => metrics.commitSeconds.observe(seconds) })
  const opened: (() => unknown)[] = [() => db.destroy()]
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    return await listen(config, db, metrics, opened, close)
  } catch (error) {
    await close()
    throw error
  }
}

/** Each step leaves in `opened` what undoes it; closing runs them backwards. */
async function listen(
  config: Config,
  db: Database,
  metrics: Metrics,
  opened: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Signaling> {
  let { port } = config.listen
  const runtime = createRuntime(config, db, metrics, () => port, opened)
  const app = createHttp(runtime)
  const sockets = createSockets(app.server, runtime)
  const rendezvous: Rendezvous = new Map()
  openViewerNamespace(sockets, runtime, rendezvous)
  openCameraNamespace(sockets, runtime)
  openUnpairedNamespace(sockets, runtime, rendezvous)
  opened.push(
    () => app.close(),
    () => sockets.io.close(),
  )
  await app.listen(config.listen).catch((error: unknown) => {
    throw listenFault(error, config.listen, '--port')
  })
  port = (app.server.address() as AddressInfo).port

  let ready = true
  const healthPort = await openHealthOf(config, metrics, () => ready, opened)
  const setupToken = await newSetupToken(db)
  opened.push(() => {
    ready = false
    runtime.log({ event: 'stopping' })
  })
  runtime.log({ event: 'started' })
  const mintSignInToken = () => issueToken(db, { kind: 'sign-in', lifetime: SIGN_IN_S, bytes: 16 })
  return { origin: runtime.origin(), port, healthPort, setupToken, mintSignInToken, close }
}

function createRuntime(
  config: Config,
  db: Database,
  metrics: Metrics,
  port: () => number,
  opened: (() => unknown)[],
): Runtime {
  const origin = () => originOf(config, port())
  const instance = newInstance()
  return {
    config,
    db,
    metrics,
    origin,
    log: openLog(config.logLevel, undefined, instance),
    ...openRecords(config, db, metrics, instance, opened),
    passwords: createPasswordPool({
      onDepth: waiting => metrics.passwordQueue.set(waiting),
      onBusy: () => metrics.refused.inc({ reason: 'busy' }),
    }),
    presence: createPresence(role => metrics.replaced.inc({ role })),
    cookieName: () => (config.secure ? '__Host-sid' : `sid-${new URL(origin()).port}`),
    pseudonym: createPseudonyms(),
  }
}

/** What is kept about the past, and what deletes it. */
function openRecords(
  config: Config,
  db: Database,
  metrics: Metrics,
  instance: string,
  opened: (() => unknown)[],
) {
  const file = openFile(config.data, LOG_FILE, LOG_MIGRATIONS)
  opened.push(() => file.close())
  const pseudonyms = openPseudonyms(config.data)
  opened.push(() => pseudonyms.close())
  const run = { build: VERSION, instance, integration: 'own' }
  const routed = startRoutedLog(openRowWriter(file, run, Date.now()), pseudonyms, metrics)
  opened.push(() => routed.close())
  const retention = startRetention({
    db,
    log: file,
    pseudonyms,
    folder: config.data,
    days: config.retentionDays,
  })
  opened.push(() => retention.close())
  const heads = startHeads(db, file, metrics)
  opened.push(() => heads.close())
  return { routed, heads }
}

async function openHealthOf(
  { healthPort }: Config,
  metrics: Metrics,
  ready: () => boolean,
  opened: (() => unknown)[],
): Promise<number | undefined> {
  if (healthPort === undefined) return undefined
  const health = await openHealth(healthPort, metrics, ready).catch((error: unknown) => {
    throw listenFault(error, { host: '127.0.0.1', port: healthPort }, '--health-port')
  })
  opened.unshift(() => {
    health.closeAllConnections()
    health.close()
  })
  return (health.address() as AddressInfo).port
}

function listenFault(
  error: unknown,
  { host, port }: { host: string; port: number },
  option: string,
): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new SignalingError(
      'listen.port',
      `Port ${port} of ${host} is taken: stop what uses it, or choose another with ${option}.`,
    )
  if (code === 'EADDRNOTAVAIL')
    return new SignalingError('listen.host', `${host} is not an address of this machine.`)
  if (code === 'EACCES')
    return new SignalingError(
      'listen.port',
      `No permission to listen on port ${port}: choose one above 1023.`,
    )
  return error
}
