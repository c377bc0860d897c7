import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealAuth } from '@ownsight/protocol/challenge'
import type { Challenge } from '@ownsight/protocol/events'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { isServing, startAgent } from '../support/agent.ts'
import { connectViewer } from '../support/owner.ts'
import { connect, connectAs, rawRequest, readMetric } from '../support/signaling-client.ts'
import { until } from '../support/wait.ts'
import { watchAgain, watchHeadless } from './headless-viewer.ts'
import { type Homes, openHomes, type TestHome } from './homes.ts'
import { attemptOf } from './insiders.ts'

describe('evil: connections and who is behind them', function () {
  this.timeout(180_000)
  let street: Homes
  let ada: TestHome
  let ben: TestHome
  before(async () => {
    street = await openHomes([2, 1])
    ;[ada, ben] = street.homes as [TestHome, TestHome]
  })
  afterEach(() => {
    street.evil.hooks.packet = undefined
    street.evil.randomly(undefined)
  })
  after(() => street?.close())

  const camera = (home: TestHome, at = 0) => {
    const found = home.cameras[at]
    assert.ok(found)
    return found
  }
  const whole = () => [
    { home: ada, at: 0 },
    { home: ada, at: 1 },
    { home: ben, at: 0 },
  ]
  const everybodyWatches = async () => {
    const all = await Promise.all(
      whole().map(async ({ home, at }) => ({
        home,
        at,
        from: home.agent.reports.length,
        pin: camera(home, at),
        ...(await watchAgain(home.owner, camera(home, at))),
      })),
    )
    for (const { pin, session } of all) assert.equal(session.camId, pin.camId)
    // And each camera says of itself that it is watched.
    for (const { home, at, from } of all)
      await home.agent.report(
        each => each.event === 'watching' && each.camera === `Camera ${at + 1}` && each.viewers > 0,
        from,
      )
    for (const { watching } of all)
      await until(() => watching.peers.at(-1)?.rtp.length, { timeout: 20_000, what: 'video' })
    for (const { watching } of all) await watching.close()
  }
  const allAreBack = () =>
    until(
      () =>
        whole().every(({ home, at }) => street.evil.world.camera(camera(home, at).camId)) &&
        street.homes.every(({ owner }) => owner.socket.connected && street.evil.world.viewer(owner.auth.id)),
      { timeout: 30_000, what: 'everybody to be back' },
    )

  it('attack 34: two devices that come at once, with each other’s challenges, are both turned away, then let in', async () => {
    const stop = street.evil.inject('swap-challenges', { times: 2 })
    const keys = [ada.owner.auth, ben.owner.auth]
    const results = await Promise.allSettled(keys.map(key => connectAs(street.evil.origin, 'viewer', key)))
    stop()
    assert.equal(street.evil.counts['swap-challenges'], 2)
    for (const result of results) assert.equal(result.status, 'rejected')
    for (const key of keys) (await connectAs(street.evil.origin, 'viewer', key)).close()
  })

  it('attack 34: a proof made for a phishing host, or seen and sent again, is none', async () => {
    const { auth } = ada.owner
    const lured = await connect(street.evil.origin, 'viewer')
    const elsewhere = await sealAuth(await lured.challenge, {
      key: auth,
      role: 'viewer',
      origin: 'http://127.0.0.1:1',
    })
    assert.notEqual((await lured.ask('auth', { auth: elsewhere })).ok, true)
    const seen = street.evil.world.bag.findLast(
      ({ event, is, link }) => event === 'auth' && is === 'event' && link.key === auth.id,
    )
    const thief = await connect(street.evil.origin, 'viewer')
    assert.notEqual((await thief.ask('auth', seen?.body)).ok, true)
    // Even on a challenge the server makes the same: the socket it was given on is in the proof.
    const old = await connect(street.evil.origin, 'viewer')
    const challenge = (await old.challenge) as Challenge
    const again = await connect(street.evil.origin, 'viewer')
    await again.challenge
    const proof = await sealAuth(challenge, { key: auth, role: 'viewer', origin: street.evil.origin })
    assert.notEqual((await again.ask('auth', { auth: proof })).ok, true)
    for (const device of [lured, thief, old, again]) device.close()
  })

  it('F16: a stolen cookie without a device key, and a device key without a policy entry, see nothing', async () => {
    // The cookie opens the account's pages: a sealed list and ids, no name, no picture, no socket.
    const cookie = await sessionOf(ada)
    const { text } = await rawRequest(street.evil.origin, { path: '/api/roster', headers: { cookie } })
    assert.doesNotMatch(text, /Camera 1/)
    const key = await generateKeyPair()
    await assert.rejects(connectAs(street.evil.origin, 'viewer', key), /not authenticated/)
    // A device registered with the cookie reaches the camera, and the camera does not know it.
    const headers = {
      cookie,
      origin: street.evil.origin,
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
    }
    const body = JSON.stringify({ auth: key.publicKey })
    assert.equal(
      (await rawRequest(street.evil.origin, { method: 'POST', path: '/api/devices', headers, body })).status,
      201,
    )
    const thief = await connectAs(street.evil.origin, 'viewer', key)
    const { offer } = await attemptOf(await generateKeyPair(), camera(ada), street.evil)
    assert.deepEqual(await thief.ask('offer', { cam: camera(ada).camId, offer }), { hint: 'no_reply' })
    thief.close()
  })

  /** The cookie as whoever sits in the middle sees it. */
  async function sessionOf(home: TestHome): Promise<string> {
    let stolen = ''
    street.evil.hooks.request = request => {
      stolen ||= request.headers.cookie ?? ''
      return undefined
    }
    await home.owner.request('GET', '/api/state')
    street.evil.hooks.request = undefined
    return stolen
  }

  it('F1: everybody is cut off and comes back at once, shuffled; each watches its own camera', async () => {
    for (let storm = 0; storm < 3; storm++) {
      street.evil.cutAll()
      await until(() => street.evil.world.links().length === 0, { timeout: 10_000, what: 'the cut' })
      street.evil.randomly({ rate: 0.5, weights: { delay: 4, duplicate: 1, 'swap-presence': 1 } })
      await allAreBack()
      street.evil.randomly(undefined)
      await everybodyWatches()
    }
  })

  it('F2: requests cancelled at every step leave replies that are nothing to the next ones', async () => {
    const stop = street.evil.inject('shift-replies')
    for (const wait of [0, 20, 60, 150, 400, 900]) {
      const cancelled = watchHeadless(ada.owner, camera(ada, 1))
      await new Promise(resolve => setTimeout(resolve, wait))
      await cancelled.close()
      const { watching, session } = await watchAgain(ada.owner, camera(ada))
      assert.equal(session.camId, camera(ada).camId)
      await watching.close()
    }
    assert.ok((street.evil.counts['shift-replies'] ?? 0) > 0)
    stop()
  })

  it('F7, F21: replies swapped, doubled and sent to the wrong place: each session is with its own camera', async () => {
    street.evil.randomly({
      rate: 0.25,
      weights: { 'swap-acks': 3, 'swap-replies': 3, duplicate: 3, 'fan-out': 2, delay: 2, reroute: 1 },
    })
    for (let round = 0; round < 3; round++) await everybodyWatches()
    street.evil.randomly(undefined)
  })

  it('attack 43, F22: a socket that comes back under an old id, after removal too, is given nothing of before', async () => {
    const old = ada.owner.socket.id
    const bag = street.evil.world.bag.length
    street.evil.world.viewer(ada.owner.auth.id)?.cut()
    const socket = await connectViewer(street.evil.origin, ada.owner.auth)
    assert.notEqual(socket.id, old)
    const answers = street.evil.world.bag
      .slice(bag)
      .filter(({ direction, is }) => direction === 'down' && is === 'event')
    assert.ok(answers.every(({ event }) => ['challenge', 'presence'].includes(event)))
    // Socket.IO's own recovery: a handshake that asks for it is a new connection like any other.
    const recovered = await connect(street.evil.origin, 'viewer', {
      hello: { agent: 'viewer/0.1.0', versions: [1], pid: old, offset: old },
    }).catch((error: Error) => error)
    assert.ok(recovered instanceof Error, 'a greeting with more in it is refused')
    socket.close()
  })

  it('F13: a camera key that is online twice: the newest connection takes over, and no other camera is touched', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'ownsight-clone-'))
    cpSync(ben.agent.data, copy, { recursive: true })
    const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
    const before = await readMetric(street.evil, 'signaling_replaced_sockets_total', { role: 'camera' })
    const clone = startAgent({
      server: street.evil.origin,
      data: copy,
      cameras: [{ name: 'Camera 1', source }],
    })
    await clone.report(isServing)
    await until(
      async () =>
        (await readMetric(street.evil, 'signaling_replaced_sockets_total', { role: 'camera' })) > before,
      {
        timeout: 20_000,
        what: 'the server to count it',
      },
    )
    for (const home of [ada, ben]) {
      const { watching, session } = await watchAgain(home.owner, camera(home))
      assert.equal(session.camId, camera(home).camId)
      await watching.close()
    }
    await clone.dispose()
    await until(() => street.evil.world.camera(camera(ben).camId), {
      timeout: 20_000,
      what: 'the first to be back',
    })
  })

  it('F15: what the server has on disk and in memory of its database opens no camera', async () => {
    for (const { cameras, owner } of street.homes) {
      const { body } = await owner.request('GET', '/api/cameras')
      assert.equal((body as unknown[]).length, cameras.length)
    }
    const file = readFileSync(`${street.evil.data}/signaling.sqlite`).toString('latin1')
    assert.doesNotMatch(file, /Camera 1|os1-offer|a=fingerprint|BEGIN PRIVATE|"d":/)
    // Root on the server makes itself a device of Ada's account, and asks: the camera does not know the key.
    const { rows } = street.evil.world
    rows.swapDevices(ada.owner.auth.id, ben.owner.auth.id)
    const operator = await connectAs(street.evil.origin, 'viewer', ben.owner.auth)
    const { offer } = await attemptOf(ben.owner.view, camera(ada), street.evil)
    assert.deepEqual(await operator.ask('offer', { cam: camera(ada).camId, offer }), { hint: 'no_reply' })
    rows.swapDevices(ada.owner.auth.id, ben.owner.auth.id)
    operator.close()
    assert.ok(street.homes.every(({ agent }) => agent.reports.some(isServing)))
  })
})
