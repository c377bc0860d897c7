import assert from 'node:assert/strict'
import type { KeyPair } from '@ownsight/protocol/ids'
import {
  type Connection,
  connectSignaling,
  type SignalingClient,
} from '../../../viewer/src/signaling-client.ts'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import { type ApiClient, newDevice, signUp } from '../../support/signaling-client.ts'
import { type SilentProxy, silentProxy } from '../../support/silent-proxy.ts'
import { until } from '../../support/wait.ts'

/** The real server, with something between that lets connections fall silent. */
describe('the viewer’s connection to signaling', function () {
  this.timeout(40_000)
  let server: TestSignaling
  let proxy: SilentProxy
  let account: ApiClient
  let client: SignalingClient
  let states: Connection[]
  let reconnects: number
  let auth: KeyPair
  const cam = 'A'.repeat(43)
  const outside = globalThis.location

  before(async () => {
    server = await startTestSignaling()
    account = await signUp(server.origin, 'ada', { token: server.setupToken })
    auth = await newDevice(account)
  })
  after(async () => {
    await server.close()
    Object.defineProperty(globalThis, 'location', { value: outside, configurable: true, writable: true })
  })
  beforeEach(async () => {
    proxy = await silentProxy(server.port)
    const { origin } = server
    const location = { protocol: 'http:', hostname: '127.0.0.1', port: String(proxy.port), origin }
    Object.defineProperty(globalThis, 'location', {
      value: { ...location, host: `127.0.0.1:${proxy.port}` },
      configurable: true,
      writable: true,
    })
    states = []
    reconnects = 0
    client = connectSignaling({
      auth,
      onConnection: state => void states.push(state),
      onPresence: () => undefined,
    })
    client.onReconnect(() => reconnects++)
    await until(() => states.at(-1) === 'online', { timeout: 10_000, what: 'the first connection' })
  })
  afterEach(async () => {
    client.close()
    await proxy.close()
  })

  const answers = async (): Promise<boolean> => {
    const reply = await client.request('beacon', { cam })
    return 'hint' in reply && reply.hint === 'unknown_camera'
  }

  it('a doubt without a reason keeps the connection, and the next ones are in less of a hurry', async () => {
    for (let i = 0; i < 5; i++) {
      client.doubt(cam)
      assert.ok(await answers())
    }
    assert.ok(proxy.opened() <= 2, `${proxy.opened()} connections`)
    assert.equal(reconnects, 0)
  })

  it('a doubt that has passed makes no other connection, however late the reply', async () => {
    proxy.silence()
    client.doubt(cam, () => false)
    await new Promise(resolve => setTimeout(resolve, 2000))
    assert.equal(proxy.opened(), 1)
  })

  it('one that has fallen silent is replaced, and what was asked over it is asked over the other', async () => {
    assert.ok(await answers())
    proxy.silence()
    const began = performance.now()
    const waiting = client.request('beacon', { cam })
    const change = client.request('policy', { cam, policy: 'x' })
    client.doubt(cam)
    await until(() => reconnects === 1, { timeout: 5000, what: 'another connection' })
    const reply = await waiting
    assert.ok('hint' in reply && reply.hint === 'unknown_camera')
    const refused = await change
    assert.ok('hint' in refused && refused.hint === 'no_reply', 'a change is not sent twice by itself')
    assert.ok(performance.now() - began < 5000, 'and not after the time for a reply')
    assert.ok(await answers())
    assert.deepEqual(states, ['online', 'online'], 'nobody is told that the server cannot be reached')
  })

  it('without a doubt nobody notices for long: that is what the doubt is for', async () => {
    proxy.silence()
    await new Promise(resolve => setTimeout(resolve, 3000))
    assert.equal(reconnects, 0)
  })

  it('in a blackout it tries one connection after the other while the doubt lasts, and is back soon after', async () => {
    assert.ok(await answers())
    proxy.blackout()
    client.doubt(cam)
    await until(() => proxy.opened() >= 4, { timeout: 20_000, what: 'new tries' })
    assert.equal(proxy.waiting(), 1, 'one at a time')
    proxy.mend()
    const mended = performance.now()
    await until(() => reconnects === 1, { timeout: 10_000, what: 'the connection' })
    assert.ok(await answers())
    assert.ok(performance.now() - mended < 8000)
  })

  it('does not send what nobody waits for any more once there is a connection again', async () => {
    assert.ok(await answers())
    proxy.blackout()
    proxy.drop()
    await until(() => states.at(-1) === 'offline', { timeout: 10_000, what: 'the end of the connection' })
    const left = new AbortController()
    const unwanted = client.request('beacon', { cam }, left.signal)
    const wanted = client.request('beacon', { cam }, new AbortController().signal)
    left.abort()
    proxy.mend()
    client.doubt(cam)
    const [not, reply] = await Promise.all([unwanted, wanted])
    assert.ok('hint' in not && not.hint === 'no_reply')
    assert.ok('hint' in reply && reply.hint === 'unknown_camera')
  })

  it('stops trying when the doubt has passed', async () => {
    let isStill = true
    proxy.blackout()
    client.doubt(cam, () => isStill)
    await until(() => proxy.opened() >= 2, { timeout: 20_000, what: 'a try' })
    isStill = false
    await until(() => proxy.waiting() === 0, { timeout: 20_000, what: 'its end' })
    const opened = proxy.opened()
    await new Promise(resolve => setTimeout(resolve, 3000))
    assert.equal(proxy.opened(), opened)
  })

  it('leaves no connection behind when it is closed in the middle', async () => {
    proxy.blackout()
    client.doubt(cam)
    await until(() => proxy.opened() === 2, { timeout: 10_000, what: 'a second connection' })
    client.close()
    proxy.mend()
    await new Promise(resolve => setTimeout(resolve, 3000))
    assert.equal(reconnects, 0)
    assert.equal(proxy.opened(), 2)
  })
})
