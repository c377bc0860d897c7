import { GuardError } from '../guard-error.ts'
import { earlyRecords } from './early-records.ts'
import { dtlsPlaintext, fragmentedHandshake, type Socket } from './internals.ts'
import { provePossession } from './possession.ts'
import { type Reassembly, reassembly } from './reassembly.ts'
import { CONTENT, type DtlsRecord, type Fragment, splitFragments, splitRecords } from './records.ts'
import { replayWindow } from './replay-window.ts'
import { OVER, pack } from './retransmission.ts'

/** What the client sends after its second hello, in this order, exactly once each. */
const CLIENT_FLIGHT = [11, 16, 15, 20] as const
const HELLO = 1
const FINISHED = 20
const AHEAD_MAX = 8
const RESEND_MIN_MS = 15
const RESEND_FINISHED_MS = [60, 180, 400] as const
const FATAL_ALERT_GRACE_MS = 800

export type ServerSession = {
  receive(datagram: Buffer): void
  readonly proved: boolean
  readonly fault: GuardError | undefined
}

/**
 * Stands between the network and one werift DTLS server: hands it each handshake message once and in order, proves
 * possession before its last flight, and lets nothing else in that is not authenticated and new.
 */
export function guardServer(socket: Socket): ServerSession {
  const window = replayWindow()
  const parts = new Map<number, Reassembly>()
  const whole = new Map<number, Fragment>()
  const early = earlyRecords()
  /** sequence of the accepted hello; undefined before it */
  let hello: number | undefined
  let next = 0
  let proved = false
  let over = false
  let fault: GuardError | undefined
  let heard = false
  let lastResend = 0

  function fail(error: Error): void {
    if (over) return
    over = true
    if (error instanceof GuardError) fault = error
    socket.dtls.flight = OVER
    parts.clear()
    whole.clear()
    socket.onError.execute(error)
  }
  const deliver = (fragment: Fragment): Promise<void> => {
    const { type, length, seq, data } = fragment
    const message = new (fragmentedHandshake())(type, length, seq, 0, length, data)
    return socket.onHandleHandshakes([message]).catch(error => fail(error as Error))
  }
  /** The last flight again, for a peer that asks for it; not more often than a flood would like. */
  function resend(): void {
    const now = performance.now()
    if (now - lastResend < RESEND_MIN_MS) return
    lastResend = now
    for (const datagram of pack(socket.dtls.lastMessage))
      socket.transport.send(datagram).catch(() => undefined)
  }

  function onHello(fragment: Fragment): void {
    const cookie = cookieOf(fragment.data)
    if (cookie === undefined) return
    if (hello !== undefined) {
      if (fragment.seq === hello && cookie.length > 0 && socket.dtls.flight === 4) resend()
      return
    }
    if (cookie.length > 0) {
      const known = socket.dtls as unknown as { cookie?: Buffer }
      const random = socket.cipher.remoteRandom?.serialize()
      // The randoms were taken from the first hello: a second one must be of the same client.
      if (!known.cookie?.equals(cookie) || !random?.equals(fragment.data.subarray(2, 34))) return
      if (fragment.data.readUInt16BE(0) !== 0xfefd)
        return fail(new GuardError('order', 'DTLS 1.2 is the only version'))
      hello = fragment.seq
      next = fragment.seq + 1
    }
    void deliver(fragment)
  }

  function onMessage(fragment: Fragment): void {
    whole.set(fragment.seq, fragment)
    for (let ready = whole.get(next); ready && !over; ready = whole.get(next)) {
      whole.delete(next)
      const expected = CLIENT_FLIGHT[next - (hello ?? 0) - 1]
      if (ready.type !== expected)
        return fail(new GuardError('order', 'a handshake message is out of its place'))
      next++
      if (ready.type === FINISHED) return finish(ready)
      void deliver(ready)
    }
  }

  function finish(finished: Fragment): void {
    try {
      provePossession(socket, finished.data)
    } catch (error) {
      return fail(error as Error)
    }
    proved = true
    void deliver(finished)
    for (const ms of RESEND_FINISHED_MS)
      setTimeout(() => {
        if (!heard && !over) resend()
      }, ms).unref()
  }

  function onFragment(fragment: Fragment, epoch: number): void {
    if (over) return
    if (fragment.type === HELLO && epoch > 0) return
    if (fragment.type !== HELLO) {
      if (hello === undefined || fragment.seq > next + AHEAD_MAX) return
      if (fragment.seq < next) {
        if (fragment.type === FINISHED && epoch === 1 && socket.dtls.flight === 6) resend()
        return
      }
      // Everything but Finished is in the clear, Finished never is.
      if ((fragment.type === FINISHED) !== (epoch === 1)) return
    }
    if (whole.has(fragment.seq)) return
    const key = fragment.type === HELLO ? -1 - fragment.seq : fragment.seq
    if (!parts.has(key) && parts.size >= AHEAD_MAX * 2) return
    const part = parts.get(key) ?? reassembly(fragment)
    parts.set(key, part)
    const data = part.add(fragment)
    if (!data) return
    parts.delete(key)
    const message = { ...fragment, offset: 0, data }
    if (fragment.type === HELLO) onHello(message)
    else onMessage(message)
  }

  /** The plain bytes of an epoch-1 record, once: undefined when it is forged or a copy. */
  function open(record: DtlsRecord): Buffer | undefined {
    if (record.epoch !== 1 || window.seen(record.sequence)) return undefined
    try {
      const plain = socket.cipher.decryptPacket(dtlsPlaintext().deSerialize(record.raw))
      window.accept(record.sequence)
      return plain
    } catch {
      return undefined
    }
  }

  function onPlainRecord(record: DtlsRecord): void {
    // After the proof nothing in the clear is obeyed, and nothing in the clear is fatal.
    if (proved) return
    if (record.type === CONTENT.handshake)
      for (const fragment of splitFragments(record.body)) onFragment(fragment, 0)
    // Anyone can write a plaintext alert: a fatal one only shortens the wait for a handshake that does not go on.
    if (record.type === CONTENT.alert && record.body[0] === 2)
      setTimeout(() => {
        if (!proved) fail(new GuardError('alert', 'the client refused the handshake'))
      }, FATAL_ALERT_GRACE_MS).unref()
  }

  function onSealedRecord(record: DtlsRecord): void {
    // Before Finished is proved no application data and no alert counts.
    if (!proved && record.type !== CONTENT.handshake) return
    if (!socket.cipher.cipher) return early.keep(record)
    const plain = open(record)
    if (!plain) return
    if (record.type === CONTENT.handshake) {
      for (const fragment of splitFragments(plain)) onFragment(fragment, 1)
    } else if (record.type === CONTENT.applicationData) {
      heard = true
      socket.onData.execute(plain)
    } else if (record.type === CONTENT.alert && (plain[0] === 2 || plain[1] === 0)) {
      over = true
      socket.onClose.execute()
    }
  }

  return {
    receive(datagram) {
      for (const record of splitRecords(datagram)) {
        if (over) return
        if (record.epoch === 0) onPlainRecord(record)
        else onSealedRecord(record)
      }
      if (socket.cipher.cipher) for (const record of early.take()) onSealedRecord(record)
    },
    get proved() {
      return proved && !over
    },
    get fault() {
      return fault
    },
  }
}

/** The cookie of a ClientHello (RFC 6347 §4.2.1); undefined for one too short to have it. */
function cookieOf(hello: Buffer): Buffer | undefined {
  const session = hello[34]
  if (session === undefined) return undefined
  const at = 35 + session
  const size = hello[at]
  if (size === undefined || at + 1 + size > hello.length) return undefined
  return hello.subarray(at + 1, at + 1 + size)
}
