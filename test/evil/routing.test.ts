import assert from 'node:assert/strict'
import { openRefusal } from '@ownsight/protocol/session'
import { isServing, startAgent } from '../support/agent.ts'
import { until } from '../support/wait.ts'
import { watchHeadless } from './headless-viewer.ts'
import { type Homes, openedSince, openHomes, type TestHome, udpSockets } from './homes.ts'
import { attemptOf } from './insiders.ts'
import type { Packet } from './link.ts'

const isOffer = (packet: Packet): boolean => packet.event === 'offer'

describe('evil: messages that take a wrong road', function () {
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
  /** What the camera `to` says to an offer when the server hands it over itself. */
  async function handOver(to: string, offer: string): Promise<{ [member: string]: string }> {
    const link = await until(() => street.evil.world.camera(to), { timeout: 20_000, what: 'the camera' })
    return (await link.ask('down', 'offer', { offer })) as { [member: string]: string }
  }

  it('attack 1: an offer handed to another camera, of the same owner or another, gets nothing and opens nothing', async () => {
    const { offer } = await attemptOf(ada.owner.view, camera(ada), street.evil)
    const before = [ada, ben].map(({ agent }) => ({ agent, sockets: udpSockets(agent) }))
    const opened = () => before.map(({ agent, sockets }) => openedSince(sockets, agent))
    for (const foreign of [camera(ada, 1), camera(ben)])
      assert.deepEqual(await handOver(foreign.camId, offer), { hint: 'no_reply' })
    assert.deepEqual(opened(), [0, 0])
    // The same offer at its own camera shows that it was the address alone.
    assert.ok('answer' in (await handOver(camera(ada).camId, offer)))
    assert.ok((opened()[0] ?? 0) > 0)
  })

  it('attack 1: while its offers go astray a viewer is not live, and is when one arrives', async () => {
    const stop = street.evil.inject('reroute', { when: isOffer })
    const watching = watchHeadless(ada.owner, camera(ada))
    await until(() => watching.offers.length >= 3, { timeout: 20_000, what: 'three offers' })
    assert.equal(watching.peers[0]?.rtp.length, 0)
    stop()
    await watching.session
    assert.equal(new Set(watching.offers).size, 1, 'one envelope, sent again')
    await watching.close()
  })

  it('attack 2: the answers of two concurrent sessions swapped are ignored, the right ones win', async () => {
    const stop = street.evil.inject('swap-replies', { when: isOffer })
    const pair = [watchHeadless(ada.owner, camera(ada)), watchHeadless(ben.owner, camera(ben))]
    await until(() => pair.every(each => each.foreign() > 0), {
      timeout: 20_000,
      what: 'two foreign answers',
    })
    assert.ok(pair.every(each => each.peers[0]?.rtp.length === 0))
    stop()
    const sessions = await Promise.all(pair.map(each => each.session))
    assert.deepEqual(
      sessions.map(each => each.camId),
      [camera(ada).camId, camera(ben).camId],
    )
    for (const each of pair) await each.close()
  })

  it('attack 3: the answers of two cameras of one viewer swapped are ignored', async () => {
    const stop = street.evil.inject('swap-acks', {
      when: packet => isOffer(packet) && packet.direction === 'down',
    })
    const pair = [watchHeadless(ada.owner, camera(ada)), watchHeadless(ada.owner, camera(ada, 1))]
    await until(() => pair.every(each => each.foreign() > 0), {
      timeout: 20_000,
      what: 'two foreign answers',
    })
    stop()
    const sessions = await Promise.all(pair.map(each => each.session))
    assert.deepEqual(
      sessions.map(each => each.camId),
      ada.cameras.map(each => each.camId),
    )
    for (const each of pair) await each.close()
  })

  it('attack 4: an offer that was watched with, replayed by the server, is replay', async () => {
    const watching = watchHeadless(ada.owner, camera(ada))
    await watching.session
    const [offer = ''] = watching.offers
    const before = udpSockets(ada.agent)
    for (let i = 0; i < 3; i++) assert.equal(await codeOf(offer), 'replay')
    assert.equal(openedSince(before, ada.agent), 0)
    await watching.close()
  })

  async function codeOf(offer: string): Promise<string> {
    const { refuse } = await handOver(camera(ada).camId, offer)
    const { attempt } = await attemptOf(ada.owner.view, camera(ada), street.evil, offer)
    return (await openRefusal(refuse, attempt)).payload.code
  }

  it('attack 6: the answer of an earlier attempt is nothing to a new one', async () => {
    const first = watchHeadless(ada.owner, camera(ada))
    await first.session
    const old = street.evil.world.bag.findLast(
      ({ event, is, direction, body }) =>
        event === 'offer' && is === 'reply' && direction === 'down' && 'answer' in (body as object),
    )
    assert.ok(old)
    await first.close()
    street.evil.hooks.packet = packet =>
      packet.is === 'reply' && packet.direction === 'down' && isOffer(packet)
        ? [{ ...packet, body: old.body }]
        : undefined
    const second = watchHeadless(ada.owner, camera(ada))
    await until(() => second.foreign() >= 2, { timeout: 20_000, what: 'two foreign answers' })
    street.evil.hooks.packet = undefined
    await second.session
    await second.close()
  })

  it('attack 5: an offer from before a restart of the camera is stale_win, and the viewer gets by with the new window', async () => {
    const { offer } = await attemptOf(ben.owner.view, camera(ben), street.evil)
    await restart(ben)
    const { refuse } = await handOver(camera(ben).camId, offer)
    const { attempt } = await attemptOf(ben.owner.view, camera(ben), street.evil, offer)
    assert.equal((await openRefusal(refuse, attempt)).payload.code, 'stale_win')
    // A server that keeps handing out the old beacon costs one round trip and nothing else.
    const stop = street.evil.inject('old-beacon')
    const watching = watchHeadless(ben.owner, camera(ben))
    await watching.session
    assert.ok((street.evil.counts['old-beacon'] ?? 0) > 0)
    stop()
    await watching.close()
  })

  async function restart(home: TestHome): Promise<void> {
    const { agent } = home
    const { data } = agent
    await agent.kill()
    const source = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
    home.agent = startAgent({ server: street.evil.origin, data, cameras: [{ name: 'Camera 1', source }] })
    await home.agent.report(isServing)
  }
})
