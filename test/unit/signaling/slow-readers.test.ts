import assert from 'node:assert/strict'
import { UNREAD_MAX_BYTES } from '@ownsight/signaling/slow-readers'
import { prove } from '../../support/raw-device.ts'
import { type RawSocket, rawSocket } from '../../support/raw-socket.ts'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  connectAs,
  type Device,
  eventually,
  newDevice,
  readMetric,
  signUp,
} from '../../support/signaling-client.ts'
import { type BoundCamera, boundCamera } from '../../support/signaling-envelopes.ts'

/** As large as the server takes one; what it says is not the server's to judge. */
const header = Buffer.from('{"alg":"ES256","typ":"os1-beacon"}').toString('base64url')
const largeBeacon = `${header}.${'A'.repeat(30_000)}.${'A'.repeat(86)}`
const TIMES = 18

describe('who does not read what it is told', () => {
  let server: TestSignaling
  let alice: ApiClient
  let first: Device
  let camera: BoundCamera
  before(async () => {
    server = await startTestSignaling()
    alice = await signUp(server.origin, 'alice', { token: server.setupToken })
    first = await connectAs(server.origin, 'viewer', await newDevice(alice))
    camera = await boundCamera(server.origin, first)
  })
  after(async () => {
    first.close()
    camera.device.close()
    await server.close()
  })

  const cut = () => readMetric(server, 'signaling_refused_total', { reason: 'slow_reader' })
  const viewers = () => readMetric(server, 'signaling_connections', { role: 'viewer' })

  async function viewer(): Promise<RawSocket> {
    const socket = await prove(server.origin, '127.0.0.1', 'viewer', await newDevice(alice))
    assert.ok(socket)
    return socket
  }

  it('is cut off, though it answers the heartbeat, before more waits for it than may; who reads stays', async () => {
    assert.ok(TIMES * largeBeacon.length > UNREAD_MAX_BYTES)
    const [reader, idle] = [await viewer(), await viewer()]
    let read = 0
    reader.onText(text => (read += text.length))
    idle.tcp.pause()
    const beating = setInterval(() => void idle.say('3'), 100)
    assert.equal(await cut(), 0)
    for (let i = 0; i < TIMES; i++)
      assert.deepEqual(await camera.device.ask('publish', { beacon: largeBeacon }), { ok: true })
    await eventually(async () => (await cut()) === 1, 'one connection was cut off')
    await idle.closed
    clearInterval(beating)
    await eventually(() => read >= TIMES * largeBeacon.length, 'the other one was told everything')
    assert.equal(reader.isClosed(), false)
    assert.equal(await cut(), 1)
    reader.close()
  })

  it('what breaks the framing is gone at once: nobody reads the ten megabytes behind it', async () => {
    const socket = await rawSocket(server.origin, '127.0.0.1')
    assert.ok(socket)
    socket.tcp.pause()
    await socket.frame(0x81, Buffer.alloc(1000), 10_000_000)
    const piece = Buffer.alloc(65_536)
    let written = 0
    for (; written < 200 && !socket.isClosed(); written++) {
      await socket.write(piece)
      await new Promise(setImmediate)
    }
    assert.ok(written < 200, `${written} pieces were taken`)
  })

  it('who was closed is gone in a few seconds, whether it takes notice or not', async () => {
    const socket = await rawSocket(server.origin, '127.0.0.1')
    assert.ok(socket)
    await socket.hears('0')
    socket.tcp.pause()
    await socket.say('7 is no packet')
    const prodding = setInterval(() => void socket.say('2'), 100)
    await eventually(() => socket.isClosed(), 'the end of its connection')
    clearInterval(prodding)
  }).timeout(15_000)

  it('an account has so many viewers at once, the oldest gives way', async () => {
    await eventually(async () => (await viewers()) === 1, 'no other viewer is left')
    const mine: RawSocket[] = []
    for (let i = 0; i < 66; i++) mine.push(await viewer())
    assert.equal(await viewers(), 64)
    await eventually(() => mine.filter(each => each.isClosed()).length === 2, 'two gave way')
    assert.deepEqual(
      mine.slice(0, 3).map(each => each.isClosed()),
      [true, true, false],
    )
    for (const each of mine) each.close()
  })
})
