import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { sealAuth } from '@ownsight/protocol/challenge'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  authenticate,
  connect,
  connectAs,
  eventually,
  invite,
  newDevice,
  readMetric,
  signUp,
} from '../../support/signaling-client.ts'
import { anAnswer, anOffer, boundCamera } from '../../support/signaling-envelopes.ts'

describe('device authentication', () => {
  let server: TestSignaling
  let origin: string
  let alice: ApiClient
  let bob: ApiClient
  let key: KeyPair
  before(async () => {
    server = await startTestSignaling()
    origin = server.origin
    alice = await signUp(origin, 'alice', { token: server.setupToken })
    bob = await signUp(origin, 'bob', await invite(alice))
    key = await newDevice(alice)
  })
  after(() => server.close())

  const refused = async (device: Awaited<ReturnType<typeof connect>>, auth: unknown) => {
    assert.deepEqual(await device.ask('auth', { auth }), { hint: 'not_signed_in' })
    await device.disconnected
  }

  it('lets a registered key in', async () => {
    const device = await connect(origin, 'viewer')
    const challenge = await device.challenge
    assert.equal(challenge.sock, device.socket.id)
    const reply = await authenticate(device, key, 'viewer', origin)
    assert.deepEqual(Object.keys(reply), ['ok', 'build'])
    device.close()
  })

  it('attack 34: a challenge answered for another origin', async () => {
    for (const other of ['https://evil.example', `http://localhost:${server.port}`]) {
      const device = await connect(origin, 'viewer')
      await refused(device, await sealAuth(await device.challenge, { key, role: 'viewer', origin: other }))
    }
    assert.ok((await readMetric(server, 'signaling_auth_failures_total', { reason: 'wrong_origin' })) >= 2)
  })

  it('attack 34: an answer used a second time, on its own socket and on another', async () => {
    const first = await connect(origin, 'viewer')
    const auth = await sealAuth(await first.challenge, { key, role: 'viewer', origin })
    assert.equal((await first.ask('auth', { auth })).ok, true)
    assert.deepEqual(await first.ask('auth', { auth }), { hint: 'bad_form' })
    const second = await connect(origin, 'viewer')
    await refused(second, auth)
    first.close()
    const eager = await connect(origin, 'viewer')
    const own = await sealAuth(await eager.challenge, { key, role: 'viewer', origin })
    const replies = await Promise.all([eager.ask('auth', { auth: own }), eager.ask('auth', { auth: own })])
    assert.equal(replies[0]?.ok, true)
    assert.ok('hint' in (replies[1] ?? {}))
    eager.close()
  })

  it('attack 34: the challenge of another socket', async () => {
    const [mine, other] = [await connect(origin, 'viewer'), await connect(origin, 'viewer')]
    await refused(mine, await sealAuth(await other.challenge, { key, role: 'viewer', origin }))
    const stolen = { ...(await other.challenge), sock: String(other.socket.id) }
    const third = await connect(origin, 'viewer')
    const mixed = { ...stolen, sock: String(third.socket.id) }
    await refused(third, await sealAuth(mixed, { key, role: 'viewer', origin }))
    other.close()
  })

  it('attack 34: a key nobody registered, and a viewer key in the role of a camera', async () => {
    const stranger = await connect(origin, 'viewer')
    await refused(
      stranger,
      await sealAuth(await stranger.challenge, { key: await generateKeyPair(), role: 'viewer', origin }),
    )
    const camera = await connect(origin, 'camera')
    await refused(camera, await sealAuth(await camera.challenge, { key, role: 'camera', origin }))
    const viewer = await connect(origin, 'viewer')
    await refused(viewer, await sealAuth(await viewer.challenge, { key, role: 'camera', origin }))
  })

  it('attack 34: the key of another account opens that account and no other', async () => {
    const taken = await bob.call('POST', '/api/devices', { auth: key.publicKey })
    assert.equal(taken.status, 409)
    assert.equal(taken.body.error, 'device_taken')

    const bobs = await connectAs(origin, 'viewer', await newDevice(bob))
    const camera = await boundCamera(origin, bobs)
    const asked: unknown[] = []
    camera.device.socket.on('offer', (...args) => asked.push(args))
    const alices = await connectAs(origin, 'viewer', key)
    const view = await generateKeyPair()
    const offer = await anOffer(view, camera.cam.id)
    assert.deepEqual(await alices.ask('offer', { cam: camera.cam.id, offer }), { hint: 'unknown_camera' })
    assert.deepEqual(await alices.ask('beacon', { cam: camera.cam.id }), { hint: 'unknown_camera' })
    assert.equal(asked.length, 0)
    assert.equal(alices.received.filter(({ event }) => event === 'presence').length, 0)
    for (const device of [bobs, alices, camera.device]) device.close()
  })

  it('obeys nothing before the challenge is answered', async () => {
    const device = await connect(origin, 'viewer')
    const offer = await anOffer(await generateKeyPair(), key.id)
    for (const event of ['offer', 'policy', 'pair', 'beacon'])
      assert.deepEqual(await device.ask(event, { cam: key.id, offer }), { hint: 'not_signed_in' })
    const camera = await connect(origin, 'camera')
    assert.deepEqual(await camera.ask('publish', { beacon: 'x' }), { hint: 'not_signed_in' })
    device.close()
    camera.close()
  })

  it('drops who does not answer', async () => {
    const device = await connect(origin, 'viewer')
    await device.disconnected
    assert.ok((await readMetric(server, 'signaling_auth_failures_total', { reason: 'no_answer' })) >= 1)
    await eventually(
      async () => (await readMetric(server, 'signaling_connections', { role: 'pending' })) === 0,
      'nobody pending',
    )
  }).timeout(15_000)

  it('a socket that leaves while it is let in leaves nothing behind', async () => {
    for (let i = 0; i < 40; i++) {
      const device = await connect(origin, 'viewer')
      const auth = await sealAuth(await device.challenge, { key, role: 'viewer', origin })
      const { transport } = device.socket.io.engine as unknown as { transport: { ws: { terminate(): void } } }
      device.socket.emit('auth', { auth }, () => {})
      transport.ws.terminate()
    }
    await eventually(
      async () => (await readMetric(server, 'signaling_connections')) === 0,
      'nobody is counted as connected',
    )
  })

  it('attack 43: a reconnect with an old or stolen socket id replays nothing and proves nothing', async () => {
    const viewer = await connectAs(origin, 'viewer', key)
    const camera = await boundCamera(origin, viewer)
    const stolen = { sid: String(viewer.socket.id), pid: String(viewer.socket.id), offset: '0' }
    assert.equal((viewer.socket as unknown as { _pid?: string })._pid, undefined, 'recovery is off')
    viewer.close()
    camera.device.close()

    const thief = await connect(origin, 'viewer', {
      hello: { agent: 'viewer/0.1.0', versions: [1], ...stolen },
    }).catch((error: Error) => error)
    assert.ok(thief instanceof Error, 'an unknown member of the greeting is refused')
    const { socket } = await connect(origin, 'viewer')
    const session = socket as unknown as { recovered: boolean }
    assert.ok(!session.recovered)
    assert.notEqual(socket.id, stolen.sid)
    socket.disconnect()
  })

  it('attack 43: each connection has a challenge of its own, and two of one account stay apart', async () => {
    const [one, two] = [await connectAs(origin, 'viewer', key), await connectAs(origin, 'viewer', key)]
    assert.notEqual((await one.challenge).sn, (await two.challenge).sn)
    assert.notEqual((await one.challenge).sock, (await two.challenge).sock)
    const camera = await boundCamera(origin, one)
    const view = await generateKeyPair()
    camera.device.socket.on('offer', async (_: unknown, ack: (reply: unknown) => void) =>
      ack({ answer: await anAnswer(camera.cam, view.id) }),
    )
    const before = two.received.length
    const reply = await one.ask('offer', { cam: camera.cam.id, offer: await anOffer(view, camera.cam.id) })
    assert.ok('answer' in reply)
    const told = two.received.slice(before).filter(({ event }) => event !== 'presence')
    assert.deepEqual(told, [], 'the other socket hears of presence only')
    for (const device of [one, two, camera.device]) device.close()
  })

  it('says which program to update', async () => {
    const greet = async (namespace: string, hello: unknown) => {
      const error = (await connect(origin, namespace, { hello }).catch(
        (caught: Error) => caught,
      )) as Error & {
        data?: { code: string; message: string }
      }
      assert.equal(error.data?.code, 'version')
      return error.data?.message
    }
    assert.equal(
      await greet('viewer', { agent: 'viewer/0.0.1', versions: [0] }),
      'Update the viewer: reload the page.',
    )
    assert.equal(
      await greet('viewer', { agent: 'viewer/9.0.0', versions: [9] }),
      'Update the signaling server.',
    )
    assert.equal(
      await greet('camera', { agent: 'camera-agent/0.0.1', versions: [0] }),
      'Update the camera agent.',
    )
    for (const hello of [{}, { agent: 'viewer/1', versions: [] }, { agent: 'camera-agent/1', versions: [1] }])
      assert.match(String(await greet('viewer', hello)), /^Update the viewer/)
  })

  it('has no namespace but the three', async () => {
    for (const name of ['', 'admin', 'viewer/../camera', randomId()])
      await assert.rejects(connect(origin, name), /Connect as|Invalid namespace/)
  })
})
