import assert from 'node:assert/strict'
import { type Handshake, prf, type Socket } from '@ownsight/camera-agent/rtc/guard/internals'
import type { Fragment } from '@ownsight/camera-agent/rtc/guard/records'
import { guardServer } from '@ownsight/camera-agent/rtc/guard/server-session'
import type { GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { fragmentRecord, message, recordBytes } from '../../../../support/dtls-wire.ts'

export const HELLO = 1
export const [CERTIFICATE, KEY_EXCHANGE, VERIFY, FINISHED] = [11, 16, 15, 20]
export const RANDOM = Buffer.alloc(32, 7)
export const COOKIE = Buffer.from('cookie')

/** A ClientHello (RFC 6347 §4.2.1) up to its cookie, and something behind it. */
export const helloBody = (cookie: Buffer, { version = 0xfefd, random = RANDOM, session = 0 } = {}): Buffer =>
  Buffer.concat([
    Buffer.from([version >> 8, version & 0xff]),
    random,
    Buffer.from([session]),
    Buffer.alloc(session, 5),
    Buffer.from([cookie.length]),
    cookie,
    Buffer.from('rest'),
  ])
export const part = (type: number, seq: number, data: Buffer): Fragment => ({
  type,
  seq,
  data,
  offset: 0,
  length: data.length,
})
export const hello = (seq: number, cookie: Buffer = Buffer.alloc(0), more = {}): Fragment =>
  part(HELLO, seq, helloBody(cookie, more))

export const code = (errors: Error[]): unknown =>
  errors.map(error => {
    assert.match(error.message, /\S \S/)
    return (error as GuardError).code
  })
export const body = (text: string): Buffer => Buffer.from(text)

/** A server that notes what reaches it; sealed records open to their own body, but for those of zeroes. */
export function stage() {
  const delivered: [number, number, string][] = []
  const errors: Error[] = []
  const heard: string[] = []
  const sent: Buffer[] = []
  let closed = 0
  const socket = {
    dtls: { flight: 2, lastMessage: [Buffer.from('f'), Buffer.from('light')], cookie: COOKIE },
    cipher: {
      cipher: {},
      remoteRandom: { serialize: () => RANDOM },
      decryptPacket(packet: { fragment: Buffer }) {
        if (packet.fragment.every(byte => byte === 0)) throw new Error('forged')
        return packet.fragment
      },
    },
    transport: { send: async (datagram: Buffer) => void sent.push(datagram) },
    onHandleHandshakes: async ([one]: Handshake[]) => {
      delivered.push([one!.msg_type, one!.message_seq, one!.fragment.toString('hex')])
    },
    onError: { execute: (error: Error) => errors.push(error) },
    onData: { execute: (data: Buffer) => heard.push(data.toString()) },
    onClose: { execute: () => closed++ },
  }
  const session = guardServer(socket as unknown as Socket)
  const types = (): number[] => delivered.map(([type]) => type)
  let sequence = 0
  /** A sealed record under a number of its own. */
  const sealed = (type: number, content: Buffer): Buffer => recordBytes(type, 1, sequence++, content)
  const finished = (content: Buffer, seq = 5): Buffer =>
    sealed(22, fragmentRecord(part(FINISHED, seq, content), 0).subarray(13))
  return {
    sealed,
    finished,
    socket,
    session,
    delivered,
    errors,
    heard,
    sent,
    types,
    closed: () => closed,
    comes: (...fragments: Fragment[]) => fragments.forEach(each => void session.receive(message(each))),
    /** after both hellos, numbered 0 and 1 */
    greeted() {
      for (const each of [hello(0), hello(1, COOKIE)]) session.receive(message(each))
      assert.deepEqual(types().splice(0), [HELLO, HELLO])
      delivered.length = 0
      socket.dtls.flight = 4
    },
    /** the whole handshake, with the transcript of a real one */
    prove(real: Socket) {
      this.greeted()
      const transcript = real.dtls.sortedHandshakeCache.slice(0, 9)
      const { remoteCertificate, localKeyPair, masterSecret } = real.cipher
      Object.assign(socket.cipher, { remoteCertificate, localKeyPair, masterSecret })
      const { options, remoteExtendedMasterSecret } = real.dtls
      Object.assign(socket.dtls, { sortedHandshakeCache: transcript, options, remoteExtendedMasterSecret })
      this.comes(
        part(CERTIFICATE, 2, body('c')),
        part(KEY_EXCHANGE, 3, body('k')),
        part(VERIFY, 4, body('v')),
      )
      const whole = Buffer.concat(transcript.map(each => each.serialize()))
      session.receive(finished(prf().prfVerifyDataClient(masterSecret!, whole)))
      assert.deepEqual(types().splice(0), [CERTIFICATE, KEY_EXCHANGE, VERIFY, FINISHED])
      delivered.length = 0
      socket.dtls.flight = 6
    },
  }
}

/** A server of the library after a whole handshake with an honest client. */
export async function realServer(): Promise<Socket> {
  const line = loopback({ server: await makeKeys(), client: await makeKeys() })
  assert.equal(await line.outcome(10_000), 'connected')
  line.close()
  return line.server
}

/** Holds `performance.now`, at a whole ms, until it is released; what is measured by it passes only when told to. */
export function frozenClock(): { advance(ms: number): void; release(): void } {
  let now = Math.ceil(performance.now())
  Object.defineProperty(performance, 'now', { value: () => now, configurable: true })
  return {
    advance(ms) {
      now += ms
    },
    release: () => void Reflect.deleteProperty(performance, 'now'),
  }
}
