import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { newSetupToken } from './accounts.ts'
import { openCameraNamespace } from './camera-namespace.ts'
import { type ConfigInput, originOf, parseConfig } from './config.ts'
import { openHealth } from './health.ts'
import { createHttp } from './http.ts'
import { openLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import type { Rendezvous } from './pair.ts'
import { createPresence } from './presence.ts'
import type { Runtime } from './runtime.ts'
import { SignalingError } from './signaling-error.ts'
import { createSockets } from './sockets.ts'
import { openDatabase } from './store/database.ts'
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
  const db = await openDatabase(config.data)
  const metrics = createMetrics()
  let origin = originOf(config, config.listen.port)
  const runtime: Runtime = {
    config,
    db,
    metrics,
    log: openLog(config.logLevel),
    origin: () => origin,
    cookieName: () => (config.secure ? '__Host-sid' : `sid-${new URL(origin).port}`),
  }
  const presence = createPresence()
  const rendezvous: Rendezvous = new Map()
  const salt = randomBytes(16).toString('hex')
  let ready = false

  const app = createHttp(runtime, presence)
  const io = createSockets(app.server, runtime)
  openViewerNamespace(io, runtime, presence, rendezvous, salt)
  openCameraNamespace(io, runtime, presence)
  openUnpairedNamespace(io, runtime, rendezvous)
  try {
    await app.listen({ host: config.listen.host, port: config.listen.port })
  } catch (error) {
    await db.destroy()
    throw listenFault(error, config.listen)
  }
  const { port } = app.server.address() as AddressInfo
  origin = originOf(config, port)
  const health =
    config.healthPort === undefined ? undefined : await openHealth(config.healthPort, metrics, () => ready)
  ready = true
  runtime.log({ event: 'started' })

  return {
    origin,
    port,
    healthPort: health && (health.address() as AddressInfo).port,
    setupToken: await newSetupToken(db),
    mintSignInToken: () => issueToken(db, { kind: 'sign-in', lifetime: SIGN_IN_S, bytes: 16 }),
    async close() {
      ready = false
      await io.close()
      await app.close()
      health?.closeAllConnections()
      health?.close()
      await db.destroy()
      runtime.log({ event: 'stopped' })
    },
  }
}

function listenFault(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new SignalingError(
      'listen.port',
      `Port ${port} of ${host} is taken: stop what uses it, or choose another with --port.`,
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
