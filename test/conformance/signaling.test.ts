import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { randomId, toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { sealAuth, sealBind } from '@ownsight/protocol/challenge'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import { io } from 'socket.io-client'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import {
  type ApiClient,
  authenticate,
  connect,
  connectAs,
  type Device,
  invite,
  newDevice,
  signUp,
} from '../support/signaling-client.ts'
import { headerOf } from '../unit/protocol/fixtures.ts'

/** An envelope in its form only: nobody on the way can tell, and the ends would refuse it. */
const claimed = (typ: string, mark = ''): string =>
  `${toBase64url(utf8(headerOf(typ)))}.${toBase64url(utf8(`{}${mark}`))}.${'A'.repeat(86)}`
const offer = claimed('os1-offer')
const answer = claimed('os1-answer')

/** MUSTs of docs/PROTOCOL.md §3 and §4 that the signaling server carries, over its real sockets. */
describe('conformance: signaling', function () {
  this.timeout(20_000)
  let server: TestSignaling
  let alice: ApiClient
  let aliceKey: KeyPair
  let bobKey: KeyPair
  const open: Device[] = []
  const keep = async (device: Promise<Device>): Promise<Device> => {
    open.push(await device)
    return device
  }

  before(async () => {
    server = await startTestSignaling()
    alice = await signUp(server.origin, 'alice', { token: server.setupToken })
    aliceKey = await newDevice(alice)
    bobKey = await newDevice(await signUp(server.origin, 'bob', await invite(alice)))
  })
  afterEach(() => {
    for (const device of open.splice(0)) device.close()
  })
  after(() => server.close())

  const viewer = (key: KeyPair) => keep(connectAs(server.origin, 'viewer', key))
  /** A camera bound to the account of `key`, as far as the server can tell; it has the auth key to come back with. */
  async function bindCamera(
    key: KeyPair,
  ): Promise<{ cam: KeyPair; auth: KeyPair; ticket: string; reply: unknown }> {
    const [cam, auth] = [await generateKeyPair(), await generateKeyPair()]
    const ticket = await takeTicket(key)
    const waiting = await keep(connect(server.origin, 'unpaired'))
    const jws = await sealBind({ cam, auth: auth.publicKey, ticket, origin: server.origin })
    const reply = await waiting.ask('bind', { bind: jws })
    return { cam, auth, ticket, reply }
  }
  async function takeTicket(key: KeyPair): Promise<string> {
    const rid = randomId()
    const waiting = await keep(connect(server.origin, 'unpaired'))
    const ticket = new Promise<string>(resolve =>
      waiting.socket.on('pair', (delivery: { ticket: string }, ack: (reply: unknown) => void) => {
        resolve(delivery.ticket)
        ack({ refused: 'not_offering' })
      }),
    )
    assert.deepEqual(await waiting.ask('hold', { rid }), { ok: true })
    const msg = { e: claimed('os1-pair1'), m: 'A'.repeat(43) }
    await (await viewer(key)).ask('pair', { rid, msg })
    return ticket
  }
  async function camera(key: KeyPair, reply: unknown) {
    const bound = await bindCamera(key)
    assert.deepEqual(bound.reply, { ok: true })
    const device = await keep(connectAs(server.origin, 'camera', bound.auth))
    const heard: unknown[] = []
    device.socket.on('offer', (delivery: unknown, ack: (reply: unknown) => void) => {
      heard.push(delivery)
      ack(reply)
    })
    return { ...bound, device, heard }
  }

  it('M-3.7 attack 34: a challenge is good for one try', async () => {
    const wrong = await keep(connect(server.origin, 'viewer'))
    const jws = await sealAuth(await wrong.challenge, {
      key: aliceKey,
      role: 'viewer',
      origin: 'https://phish.example',
    })
    assert.deepEqual(await wrong.ask('auth', { auth: jws }), { hint: 'not_signed_in' })
    // At once, not when the time for an answer is over.
    const late = delay(3000).then(() => assert.fail('still connected'))
    await Promise.race([wrong.disconnected, late])
  })

  it('M-3.8 before the proof nothing is obeyed', async () => {
    const device = await keep(connect(server.origin, 'viewer'))
    const early = { hint: 'not_signed_in' }
    const ask = (event: string, request: unknown) => device.socket.timeout(3000).emitWithAck(event, request)
    assert.deepEqual(await ask('beacon', { cam: 'A'.repeat(43) }), early)
    assert.deepEqual(await ask('offer', { cam: 'A'.repeat(43), offer }), early)
    assert.equal((await authenticate(device, aliceKey, 'viewer', server.origin)).ok, true)
    assert.deepEqual(await device.ask('beacon', { cam: 'A'.repeat(43) }), { hint: 'unknown_camera' })
  })

  it('M-3.9 a socket that does not answer its challenge is ended', async () => {
    const device = await keep(connect(server.origin, 'viewer'))
    await device.disconnected
  })

  it('M-4.5 attack 1: an offer reaches a camera of the same account only', async () => {
    const { cam, heard } = await camera(aliceKey, { answer })
    const request = { cam: cam.id, offer }
    assert.deepEqual(await (await viewer(bobKey)).ask('offer', request), { hint: 'unknown_camera' })
    assert.deepEqual(heard, [])
    assert.deepEqual(await (await viewer(aliceKey)).ask('offer', request), { answer })
    assert.deepEqual(heard, [{ offer }])
  })

  it('M-4.6 a reply that is none becomes a hint', async () => {
    for (const reply of [
      { answer, sdp: 'v=0' },
      { answer: offer },
      { type: 'answer', sdp: 'v=0' },
      'answer',
      null,
    ]) {
      const { cam, device } = await camera(aliceKey, reply)
      const request = { cam: cam.id, offer }
      assert.deepEqual(await (await viewer(aliceKey)).ask('offer', request), { hint: 'no_reply' })
      device.close()
    }
  })

  it('M-4.7 a ticket binds one camera, once', async () => {
    const { ticket } = await bindCamera(aliceKey)
    const [cam, auth] = [await generateKeyPair(), await generateKeyPair()]
    const waiting = await keep(connect(server.origin, 'unpaired'))
    for (const each of [ticket, randomId()]) {
      const jws = await sealBind({ cam, auth: auth.publicKey, ticket: each, origin: server.origin })
      assert.deepEqual(await waiting.ask('bind', { bind: jws }), { hint: 'not_signed_in' })
    }
    await assert.rejects(connectAs(server.origin, 'camera', auth))
  })

  it('M-4.8 of two sockets with one camera key the newest stays', async () => {
    const { auth, device, cam } = await camera(aliceKey, { answer })
    const newer = claimed('os1-answer', '1')
    const newest = await keep(connectAs(server.origin, 'camera', auth))
    newest.socket.on('offer', (_: unknown, ack: (reply: unknown) => void) => ack({ answer: newer }))
    await device.disconnected
    const request = { cam: cam.id, offer }
    assert.deepEqual(await (await viewer(aliceKey)).ask('offer', request), { answer: newer })
  })

  it('M-4.9 a socket holds one rendezvous', async () => {
    const first = await keep(connect(server.origin, 'unpaired'))
    assert.deepEqual(await first.ask('hold', { rid: randomId() }), { ok: true })
    assert.deepEqual(await first.ask('hold', { rid: randomId() }), { hint: 'taken' })
  })

  it('M-4.9 a rendezvous that is held is not given to another address', async () => {
    const rid = randomId()
    const first = await keep(connect(server.origin, 'unpaired'))
    assert.deepEqual(await first.ask('hold', { rid }), { ok: true })
    const stranger = io(`${server.origin}/unpaired`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: { agent: 'camera-agent/0.1.0', versions: [1] },
      // Another loopback address stands for another house.
      agent: new Agent({ localAddress: '127.0.0.2' }) as never,
    })
    try {
      assert.deepEqual(await stranger.timeout(5000).emitWithAck('hold', { rid }), { hint: 'taken' })
    } finally {
      stranger.disconnect()
    }
  })

  it('M-4.10 a message that is too long ends the socket', async () => {
    const device = await viewer(aliceKey)
    device.socket.emit('offer', { cam: 'A'.repeat(43), offer: 'A'.repeat(SOCKET_MESSAGE_MAX_BYTES) })
    await device.disconnected
  })

  it('M-4.1 attack 23: events the protocol does not have, and members it does not have, get nothing', async () => {
    const device = await viewer(aliceKey)
    for (const event of ['candidate', 'answer', 'ice', 'renegotiate', 'join'])
      assert.deepEqual(await device.ask(event, {}), { hint: 'bad_form' }, event)
    const request = { cam: 'A'.repeat(43), offer }
    for (const extra of ['sdp', 'candidate', 'toString'])
      assert.deepEqual(await device.ask('offer', { ...request, [extra]: 'x' }), { hint: 'bad_form' })
    assert.deepEqual(await device.ask('offer', { ...request, offer: { sdp: 'v=0' } }), { hint: 'bad_form' })
  })
})
