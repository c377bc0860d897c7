import assert from 'node:assert/strict'
import { randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  connectAs,
  type Device,
  eventually,
  invite,
  newDevice,
  readMetric,
  signUp,
} from '../../support/signaling-client.ts'
import {
  aBeacon,
  anAnswer,
  anOffer,
  type BoundCamera,
  boundCamera,
} from '../../support/signaling-envelopes.ts'

type Ack = (reply: unknown) => void

describe('relaying offers', () => {
  let server: TestSignaling
  let origin: string
  let alice: ApiClient
  let viewer: Device
  let camera: BoundCamera
  let view: KeyPair
  before(async () => {
    server = await startTestSignaling()
    origin = server.origin
    alice = await signUp(origin, 'alice', { token: server.setupToken })
    view = await generateKeyPair()
  })
  after(() => server.close())
  beforeEach(async () => {
    viewer = await connectAs(origin, 'viewer', await newDevice(alice))
    camera = await boundCamera(origin, viewer)
  })
  afterEach(() => {
    viewer.close()
    camera.device.close()
  })

  const offer = (sdp?: string) => anOffer(view, camera.cam.id, sdp)
  const ask = async (envelope?: string) =>
    viewer.ask('offer', { cam: camera.cam.id, offer: envelope ?? (await offer()) })
  const relayed = (kind: string, result: string) =>
    readMetric(server, 'signaling_relay_messages_total', { kind, result })

  it('carries the offer and the answer byte for byte, and nothing else', async () => {
    const answer = await anAnswer(camera.cam, view.id)
    const seen: unknown[] = []
    camera.device.socket.on('offer', (delivery: unknown, ack: Ack) => {
      seen.push(delivery)
      ack({ answer })
    })
    const sent = await offer('v=0\r\na=x\r\n'.repeat(100))
    assert.deepEqual(await ask(sent), { answer })
    assert.deepEqual(seen, [{ offer: sent }])
  })

  it('F7: each request gets its own reply, in whatever order the camera answers', async () => {
    const waiting: { offer: string; ack: Ack }[] = []
    camera.device.socket.on('offer', ({ offer: jws }: { offer: string }, ack: Ack) =>
      waiting.push({ offer: jws, ack }),
    )
    const second = await connectAs(origin, 'viewer', await newDevice(alice))
    const offers = await Promise.all(Array.from({ length: 12 }, () => offer()))
    const answers = await Promise.all(offers.map(() => anAnswer(camera.cam, view.id)))
    const asked = offers.map((jws, i) =>
      (i % 2 ? viewer : second).ask('offer', { cam: camera.cam.id, offer: jws }),
    )
    await eventually(() => waiting.length === 12, 'all offers arrived')
    for (const { offer: jws, ack } of waiting.reverse()) ack({ answer: answers[offers.indexOf(jws)] })
    assert.deepEqual(
      await Promise.all(asked),
      answers.map(answer => ({ answer })),
    )
    second.close()
  })

  it('F2: the late reply to somebody who left goes to nobody', async () => {
    const acks: Ack[] = []
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => acks.push(ack))
    const leaver = await connectAs(origin, 'viewer', await newDevice(alice))
    leaver.socket.emit('offer', { cam: camera.cam.id, offer: await offer() }, () => assert.fail('left'))
    await eventually(() => acks.length === 1, 'the first offer arrived')
    leaver.close()
    const asked = ask()
    await eventually(() => acks.length === 2, 'the second offer arrived')
    acks[0]?.({ answer: await anAnswer(camera.cam, view.id, 'v=0\r\ns=first\r\n') })
    const mine = await anAnswer(camera.cam, view.id, 'v=0\r\ns=second\r\n')
    acks[1]?.({ answer: mine })
    assert.deepEqual(await asked, { answer: mine })
  })

  it('an answer of the wrong form or type is counted, and told as no reply', async () => {
    const before = await relayed('offer', 'bad_reply')
    const replies = [
      undefined,
      null,
      {},
      'x',
      { answer: 1 },
      { answer: 'x' },
      { answer: await offer() },
      { refuse: await anAnswer(camera.cam, view.id) },
      { answer: await anAnswer(camera.cam, view.id), frame: 'AAAA' },
      { answer: 'A'.repeat(33_000) },
      { answer: Buffer.from([1, 2, 3]) },
    ]
    let next: unknown
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack(next))
    for (next of replies) assert.deepEqual(await ask(), { hint: 'no_reply' })
    assert.equal(await relayed('offer', 'bad_reply'), before + replies.length)
  })

  it('says offline at once when the camera leaves while it is asked, and while it is away', async () => {
    camera.device.socket.on('offer', () => camera.device.close())
    assert.deepEqual(await ask(), { hint: 'offline' })
    assert.deepEqual(await ask(), { hint: 'offline' })
  })

  it('does not know cameras of others, nor ones that do not exist', async () => {
    const bob = await signUp(origin, `bob ${view.id.slice(0, 8)}`, await invite(alice))
    const bobs = await connectAs(origin, 'viewer', await newDevice(bob))
    const asked: unknown[] = []
    camera.device.socket.on('offer', (...args: unknown[]) => asked.push(args))
    const nowhere = toBase64url(randomBytes(32))
    const envelope = await offer()
    for (const cam of [camera.cam.id, nowhere]) {
      assert.deepEqual(await bobs.ask('offer', { cam, offer: envelope }), { hint: 'unknown_camera' })
      assert.deepEqual(await bobs.ask('beacon', { cam }), { hint: 'unknown_camera' })
    }
    const policy = await seal('os1-ack', { v: 1, iss: view.id, n: 1, ph: nowhere, iat: 1 }, view.sign)
    assert.deepEqual(await bobs.ask('policy', { cam: camera.cam.id, policy }), { hint: 'bad_form' })
    assert.deepEqual((await bob.call('GET', '/api/cameras')).text, '[]')
    assert.equal(asked.length, 0)
    bobs.close()
  })

  it('tells of presence and beacons only inside the account, and forgets a beacon with its socket', async () => {
    const bob = await signUp(origin, `bo ${view.id.slice(0, 8)}`, await invite(alice))
    const bobs = await connectAs(origin, 'viewer', await newDevice(bob))
    const beacon = await aBeacon(camera.cam)
    assert.deepEqual(await camera.device.ask('publish', { beacon }), { ok: true })
    await viewer.event('presence', told => told.beacon === beacon)
    assert.deepEqual(await viewer.ask('beacon', { cam: camera.cam.id }), { beacon })
    assert.deepEqual(await camera.device.ask('publish', { beacon: await offer() }), { hint: 'bad_form' })

    camera.device.close()
    await viewer.event('presence', told => told.online === false && !('beacon' in told))
    assert.deepEqual(await viewer.ask('beacon', { cam: camera.cam.id }), { hint: 'offline' })
    const back = await connectAs(origin, 'camera', camera.auth)
    await viewer.event('presence', told => told.online === true && !('beacon' in told))
    assert.deepEqual(await viewer.ask('beacon', { cam: camera.cam.id }), { hint: 'offline' })
    assert.deepEqual(
      bobs.received.filter(({ event }) => event === 'presence'),
      [],
    )
    for (const device of [bobs, back]) device.close()
  })

  it('the newest socket of a camera key replaces the older, whose late answer is lost', async () => {
    const before = await readMetric(server, 'signaling_replaced_sockets_total', { role: 'camera' })
    const late: Ack[] = []
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => late.push(ack))
    const asked = ask()
    await eventually(() => late.length === 1, 'the old socket was asked')
    const newer = await connectAs(origin, 'camera', camera.auth)
    await camera.device.disconnected
    assert.deepEqual(await asked, { hint: 'offline' })
    const answer = await anAnswer(camera.cam, view.id)
    newer.socket.on('offer', (_: unknown, ack: Ack) => ack({ answer }))
    assert.deepEqual(await ask(), { answer })
    assert.equal(await readMetric(server, 'signaling_replaced_sockets_total', { role: 'camera' }), before + 1)
    newer.close()
  })

  it('attack 23: a candidate message has no handler anywhere', async () => {
    const before = await readMetric(server, 'signaling_refused_total', { reason: 'bad_type' })
    const asked: string[] = []
    camera.device.socket.onAny((event: string) => asked.push(event))
    const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0' }
    const events = ['candidate', 'ice', 'signal', 'answer', 'renegotiate', 'transceiverRequest', 'message']
    for (const event of events)
      assert.deepEqual(await viewer.ask(event, { cam: camera.cam.id, ...candidate }), { hint: 'bad_form' })
    const smuggled = [
      { cam: camera.cam.id, offer: await offer(), ...candidate },
      { cam: camera.cam.id, offer: JSON.stringify(candidate) },
      { cam: camera.cam.id, ...candidate },
    ]
    for (const request of smuggled) assert.deepEqual(await viewer.ask('offer', request), { hint: 'bad_form' })
    assert.deepEqual(asked, [])
    assert.ok(
      (await readMetric(server, 'signaling_refused_total', { reason: 'bad_type' })) >= before + events.length,
    )
  })

  it('attack 22: malformed requests are refused, and the socket serves on', async () => {
    const cam = camera.cam.id
    const requests: unknown[] = [
      undefined,
      null,
      [],
      'x',
      1e308,
      { cam },
      { cam: { $ne: null }, offer: 'x' },
      { cam: `${cam}=`, offer: await offer() },
      { cam: [cam], offer: await offer() },
      { cam, offer: '' },
      { cam, offer: 'a.b.c' },
      { cam, offer: 'A'.repeat(40_000) },
      { cam, offer: Buffer.alloc(1000) },
      JSON.parse(`{"cam":"${cam}","offer":"x","__proto__":{"admin":true}}`),
      { cam, offer: await offer(), constructor: 1 },
    ]
    for (const request of requests) assert.deepEqual(await viewer.ask('offer', request), { hint: 'bad_form' })
    viewer.socket.emit('offer', { cam, offer: await offer() })
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ refuse: 'x' }))
    assert.deepEqual(await ask(), { hint: 'no_reply' })
  })

  it('attack 22: a message of 10 MB ends its connection and nothing else', async () => {
    const other = await connectAs(origin, 'viewer', await newDevice(alice))
    other.socket.emit('offer', { cam: camera.cam.id, offer: 'A'.repeat(10_000_000) })
    await other.disconnected
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({}))
    assert.deepEqual(await ask(), { hint: 'no_reply' })
  })

  it('ends a socket that floods, whatever it says', async () => {
    const flooder = await connectAs(origin, 'viewer', await newDevice(alice))
    for (let i = 0; i < 500; i++) flooder.socket.emit(i % 2 ? 'candidate' : 'beacon', { i })
    await flooder.disconnected
    assert.ok((await readMetric(server, 'signaling_refused_total', { reason: 'flood' })) >= 1)
  })

  it('limits what one device may ask, not its neighbour', async () => {
    const replies = await Promise.all(
      Array.from({ length: 80 }, () => viewer.ask('beacon', { cam: camera.cam.id })),
    )
    assert.ok(replies.filter(({ hint }) => hint === 'rate').length >= 15)
    const other = await connectAs(origin, 'viewer', await newDevice(alice))
    assert.deepEqual(await other.ask('beacon', { cam: camera.cam.id }), { hint: 'offline' })
    other.close()
  })
})
