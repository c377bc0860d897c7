import type { Socket } from './guard/internals.ts'
import { internal } from './werift.ts'

/** A DTLS client and server of this process joined by memory: what the self-test and the guard's tests play on. */

export type Keys = { certPem: string; keyPem: string; signatureHash: { hash: number; signature: number } }
type Transport = { onData?: (data: Buffer) => void; send(data: Buffer): Promise<void>; close(): void }
type Endpoint = Socket & {
  connect(): Promise<void>
  send(data: Buffer): Promise<void>
  onConnect: { subscribe(handler: () => void): unknown }
}

const dtls = () => ({
  ...internal<{ DtlsServer: new (options: object) => Endpoint }>('dtls/src/server.js'),
  ...internal<{ DtlsClient: new (options: object) => Endpoint }>('dtls/src/client.js'),
  ...internal<{
    CipherContext: { createSelfSignedCertificateWithKey(signature: object, curve: number): Promise<Keys> }
  }>('dtls/src/context/cipher.js'),
})

export const makeKeys = (): Promise<Keys> =>
  dtls().CipherContext.createSelfSignedCertificateWithKey({ hash: 4, signature: 3 }, 23)

/** What happens to one datagram on its way: nothing, or what is delivered in its place, each after `ms`. */
export type Wire = (data: Buffer, to: 'client' | 'server') => { data: Buffer; ms?: number }[]

export type Loopback = {
  readonly client: Endpoint
  readonly server: Endpoint
  /** every datagram sent so far, by whom it was meant for */
  readonly toServer: Buffer[]
  readonly toClient: Buffer[]
  /** puts bytes on the wire from outside */
  inject(data: Buffer, to: 'client' | 'server'): void
  /** `connected`, the error that ended the server, or undefined at the deadline */
  outcome(ms: number): Promise<'connected' | Error | undefined>
  close(): void
}

const SRTP_PROFILES = [7, 1]

export function loopback(
  keys: { server: Keys; client: Keys },
  options: { wire?: Wire; client?: object } = {},
): Loopback {
  const wire: Wire = options.wire ?? (data => [{ data }])
  const toServer: Buffer[] = []
  const toClient: Buffer[] = []
  let open = true
  const ends: { client: Transport; server: Transport } = {
    client: { send: async data => void carry(data, 'server'), close: () => undefined },
    server: { send: async data => void carry(data, 'client'), close: () => undefined },
  }
  function carry(data: Buffer, to: 'client' | 'server'): void {
    ;(to === 'server' ? toServer : toClient).push(Buffer.from(data))
    for (const part of wire(Buffer.from(data), to)) {
      if (part.ms) setTimeout(() => inject(part.data, to), part.ms)
      else setImmediate(() => inject(part.data, to))
    }
  }
  function inject(data: Buffer, to: 'client' | 'server'): void {
    if (open) ends[to].onData?.(data)
  }
  const endpoint = (own: Keys, transport: Transport, more: object) => ({
    cert: own.certPem,
    key: own.keyPem,
    signatureHash: own.signatureHash,
    transport,
    srtpProfiles: SRTP_PROFILES,
    extendedMasterSecret: true,
    ...more,
  })
  const { DtlsServer, DtlsClient } = dtls()
  const server = new DtlsServer(endpoint(keys.server, ends.server, { certificateRequest: true }))
  const client = new DtlsClient(endpoint(keys.client, ends.client, options.client ?? {}))
  const settled = Promise.withResolvers<'connected' | Error>()
  server.onConnect.subscribe(() => settled.resolve('connected'))
  server.onError.subscribe(error => settled.resolve(error))
  client.onError.subscribe(() => undefined)
  client.connect().catch(() => undefined)

  return {
    client,
    server,
    toServer,
    toClient,
    inject,
    outcome(ms) {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const timer = setTimeout(() => resolve(undefined), ms)
      return Promise.race([settled.promise, promise]).finally(() => clearTimeout(timer))
    },
    close() {
      open = false
      client.dtls.flight = 99
      server.dtls.flight = 99
    },
  }
}
