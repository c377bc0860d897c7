import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Socket } from '@ownsight/camera-agent/rtc/guard/internals'
import { type Keys, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { internal } from '@ownsight/camera-agent/rtc/werift'

type Endpoint = Socket & {
  send(data: Buffer): Promise<void>
  onConnect: { subscribe(handler: () => void): unknown }
}
type Transport = { onData?: (data: Buffer) => void; send(data: Buffer): Promise<void>; close(): void }

export type DtlsOverUdp = {
  readonly port: number
  readonly server: Endpoint
  readonly received: string[]
  readonly outcome: Promise<'connected' | Error>
  close(): Promise<void>
}

let keys: Promise<Keys> | undefined

/** The guarded DTLS server without ICE around it: one UDP socket on loopback, which answers whoever spoke last. */
export async function dtlsOverUdp(): Promise<DtlsOverUdp> {
  keys ??= makeKeys()
  const { certPem, keyPem, signatureHash } = await keys
  const { DtlsServer } = internal<{ DtlsServer: new (options: object) => Endpoint }>('dtls/src/server.js')
  const udp = createSocket('udp4')
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  let peer: { address: string; port: number } | undefined
  const transport: Transport = {
    send: async data => void (peer && udp.send(data, peer.port, peer.address)),
    close: () => undefined,
  }
  const server = new DtlsServer({
    cert: certPem,
    key: keyPem,
    signatureHash,
    transport,
    srtpProfiles: [7, 1],
    extendedMasterSecret: true,
    certificateRequest: true,
  })
  udp.on('message', (data, from) => {
    peer = from
    transport.onData?.(data)
  })
  const received: string[] = []
  server.onData.subscribe(data => received.push(data.toString()))
  const outcome = new Promise<'connected' | Error>(resolve => {
    server.onConnect.subscribe(() => resolve('connected'))
    server.onError.subscribe(resolve)
  })
  return {
    port: (udp.address() as AddressInfo).port,
    server,
    received,
    outcome,
    async close() {
      server.dtls.flight = 99
      const closed = once(udp, 'close')
      udp.close()
      await closed
    },
  }
}
