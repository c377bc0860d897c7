import assert from 'node:assert/strict'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { openRefusal, sealAnswer, sealOffer } from '@ownsight/protocol/session'
import { until } from '../support/wait.ts'
import { malleate } from '../unit/protocol/fixtures.ts'
import { description, otherFingerprint } from '../unit/protocol/sdp.ts'
import { misspelt, otherFingerprintIn, ownKeyInside, signedByAnother, unsigned } from './forgeries.ts'
import { watchHeadless } from './headless-viewer.ts'
import { type Homes, openedSince, openHomes, type TestHome, udpSockets } from './homes.ts'
import { attemptOf, windowOf } from './insiders.ts'
import { envelopesIn } from './wire.ts'

type Reply = { [member: string]: string }

describe('evil: messages the server made or changed', function () {
  this.timeout(180_000)
  let street: Homes
  let ada: TestHome
  let ben: TestHome
  before(async () => {
    street = await openHomes([1, 1])
    ;[ada, ben] = street.homes as [TestHome, TestHome]
  })
  afterEach(() => {
    street.evil.hooks.packet = undefined
  })
  after(() => street?.close())

  const camera = () => {
    const [found] = ada.cameras
    assert.ok(found)
    return found
  }
  const link = () => {
    const found = street.evil.world.camera(camera().camId)
    assert.ok(found)
    return found
  }
  const handOver = async (offer: string) => (await link().ask('down', 'offer', { offer })) as Reply
  const sockets = () => udpSockets(ada.agent)

  /** Each is handed to the camera as an offer: it says nothing, opens nothing, and serves on. */
  async function nothingFor(forged: { [name: string]: string }): Promise<void> {
    const before = sockets()
    for (const [name, offer] of Object.entries(forged))
      assert.deepEqual(await handOver(offer), { hint: 'no_reply' }, name)
    assert.equal(openedSince(before, ada.agent), 0)
    const { offer } = await attemptOf(ada.owner.view, camera(), street.evil)
    assert.ok('answer' in (await handOver(offer)), 'a good offer is still answered')
  }

  it('attack 13: an offer with another fingerprint, or under another signature, gets nothing from the camera', async () => {
    const { offer } = await attemptOf(ada.owner.view, camera(), street.evil)
    await nothingFor({
      'another fingerprint': otherFingerprintIn(offer),
      'signed by another': await signedByAnother(offer),
      'a junk signature': `${offer.slice(0, -20)}${'A'.repeat(20)}`,
    })
  })

  it('attack 19: an offer that is not signed, or brings its own key, gets nothing from the camera', async () => {
    const { offer } = await attemptOf(ada.owner.view, camera(), street.evil)
    await nothingFor({
      ...(await unsigned(offer, ada.owner.view.publicKey)),
      ...(await ownKeyInside(offer)),
    })
  })

  it('attack 20: no other envelope that ever passed is an offer, and an offer is nothing else', async () => {
    const watching = watchHeadless(ada.owner, camera())
    await watching.session
    await watching.close()
    const passed = new Map<string, string>()
    for (const { body } of street.evil.world.bag)
      for (const { jws } of envelopesIn(body)) {
        const { typ } = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as {
          typ: string
        }
        passed.set(typ, jws)
      }
    const { offer } = await attemptOf(ada.owner.view, camera(), street.evil)
    passed.delete('os1-offer')
    for (const typ of ['os1-auth', 'os1-beacon', 'os1-bind', 'os1-pair1', 'os1-pair3', 'os1-answer'])
      assert.ok(passed.has(typ), `${typ} has passed`)
    await nothingFor(Object.fromEntries(passed))
    for (const [event, member] of [['policy', 'policy']] as const)
      assert.ok('refused' in ((await link().ask('down', event, { [member]: offer })) as Reply), event)
  })

  it('attack 22: other spellings, a member twice, huge numbers and 10 MB get nothing, and the camera serves on', async () => {
    const { offer } = await attemptOf(ada.owner.view, camera(), street.evil)
    await nothingFor(misspelt(offer))
    // Too long to be a delivery at all: whoever says it is left, and found again.
    const before = link()
    void before.ask('down', 'offer', { offer: 'A'.repeat(10 * 2 ** 20) })
    const back = () => street.evil.world.camera(camera().camId)
    await until(() => back() && back() !== before, { timeout: 30_000, what: 'the camera to be back' })
    await nothingFor({})
  })

  it('attack 23: candidate, answer and every other event we do not have reach no handler of camera or viewer', async () => {
    const watching = watchHeadless(ada.owner, camera())
    await watching.session
    let replies = 0
    const viewer = await until(() => street.evil.world.viewer(ada.owner.auth.id), {
      timeout: 5000,
      what: 'the viewer',
    })
    for (const to of [link(), viewer])
      for (const event of ['candidate', 'answer', 'renegotiate', 'transceiverRequest', 'signal', 'ice'])
        void to
          .ask('down', event, { candidate: 'candidate:1 1 udp 1 192.0.2.9 9 typ host', sdp: 'v=0' })
          .then(() => replies++)
    const [offer = ''] = watching.offers
    assert.ok('refuse' in (await handOver(offer)), 'what came before it in order has been seen')
    assert.equal(replies, 0)
    const heard = watching.peers[0]?.rtp.length ?? 0
    await until(() => (watching.peers[0]?.rtp.length ?? 0) > heard, { timeout: 20_000, what: 'more video' })
    await watching.close()
  })

  it('attack 21: the malleated copy of an offer is the same offer: the same answer, then replay', async () => {
    const watching = watchHeadless(ada.owner, camera())
    await watching.session
    const [offer = ''] = watching.offers
    const { attempt } = await attemptOf(ada.owner.view, camera(), street.evil, offer)
    const { refuse } = await handOver(malleate(offer))
    assert.equal((await openRefusal(refuse, attempt)).payload.code, 'replay')
    await watching.close()
    const fresh = (await attemptOf(ada.owner.view, camera(), street.evil)).offer
    const answers = [await handOver(fresh), await handOver(malleate(fresh))]
    assert.ok(answers[0] && 'answer' in answers[0])
    assert.deepEqual(answers[1], answers[0])
  })

  it('attack 14: a second fingerprint, signed by a viewer that may watch, is bad_sdp and opens nothing', async () => {
    const before = sockets()
    const second = `a=fingerprint:sha-256 ${otherFingerprint}`
    const base = description('offer')
    const variants = {
      'at session level': base.replace('t=0 0\r\n', `t=0 0\r\n${second}\r\n`),
      'in a section': description('offer', { extra: [second] }),
      'sha-1': description('offer', {
        extra: ['a=fingerprint:sha-1 '.concat(otherFingerprint.slice(0, 59))],
      }),
      'sha-512': description('offer', {
        extra: [`a=fingerprint:sha-512 ${otherFingerprint}:${otherFingerprint}`],
      }),
      'in lower case': description('offer', { extra: [second.toLowerCase()] }),
    }
    for (const [name, sdp] of Object.entries(variants)) {
      const { offer, attempt } = await signedOffer(sdp)
      const { refuse } = await handOver(offer)
      assert.equal((await openRefusal(refuse, attempt)).payload.code, 'bad_sdp', name)
    }
    assert.equal(openedSince(before, ada.agent), 0)
  })

  async function signedOffer(sdp: string) {
    const { attempt } = await attemptOf(ada.owner.view, camera(), street.evil)
    const { camId } = camera()
    const win = windowOf(street.evil, camId)
    const { offer, oh } = await sealOffer({
      view: ada.owner.view,
      camId,
      win,
      sid: attempt.sid,
      sdp,
      want: ['view'],
      start: 'now',
    })
    return { offer, attempt: { ...attempt, oh } }
  }

  it('attack 7: a viewer that no policy names gets nothing, though the server vouches for it', async () => {
    const before = sockets()
    const { offer } = await attemptOf(ben.owner.view, camera(), street.evil)
    assert.deepEqual(await handOver(offer), { hint: 'no_reply' })
    assert.equal(openedSince(before, ada.agent), 0)
  })

  /** The viewer gets these in the place of the camera's replies, one after another, then the true ones. */
  async function ignoredByViewer(
    made: (answer: string, offer: string) => Promise<Reply[]> | Reply[],
  ): Promise<void> {
    let bad: Reply[] | undefined
    let given = 0
    const offers = new Map<number, string>()
    street.evil.hooks.packet = packet => {
      if (packet.event !== 'offer') return undefined
      const body = packet.body as Reply
      if (packet.direction === 'up' && packet.is === 'event') offers.set(packet.id ?? -1, body.offer ?? '')
      if (packet.direction !== 'down' || packet.is !== 'reply') return undefined
      const give = (): void => {
        const next = bad?.[given++]
        street.evil.world.deliver({ ...packet, body: next ?? body })
      }
      if (bad) give()
      else
        void Promise.resolve(made(body.answer ?? '', offers.get(packet.id ?? -1) ?? '')).then(each => {
          bad = each
          give()
        })
      return []
    }
    const watching = watchHeadless(ada.owner, camera())
    await until(() => bad && given > bad.length, { timeout: 30_000, what: 'the true answer' })
    await watching.session
    const malformed =
      bad?.filter(each => !Object.values(each).every(value => typeof value === 'string')).length ?? 0
    assert.equal(watching.foreign(), (bad?.length ?? 0) - malformed, 'each was counted')
    await watching.close()
  }

  it('attack 12, 13: answers by an attacker’s camera, or with another fingerprint, are ignored by the viewer', () =>
    ignoredByViewer(async (answer, offer) => {
      const attacker = await generateKeyPair()
      const { attempt } = await attemptOf(ada.owner.view, camera(), street.evil, offer)
      const opened = { payload: { iss: ada.owner.view.id, sid: attempt.sid }, hash: attempt.oh }
      const terms = {
        n: 1,
        r: ['view' as const],
        exp: Math.floor(Date.now() / 1000) + 60,
        sdp: description('answer'),
      }
      const own = await sealAnswer(attacker, opened as never, terms)
      const inItsName = await sealAnswer({ ...attacker, id: camera().camId }, opened as never, terms)
      return [own, inItsName, otherFingerprintIn(answer), await signedByAnother(answer)].map(each => ({
        answer: each,
      }))
    }))

  it('attack 19, 20: unsigned answers, reflected offers and other types are ignored by the viewer', () =>
    ignoredByViewer(async (answer, offer) => {
      const forged = await unsigned(answer, camera().key)
      const beacon = street.evil.world.bag.findLast(({ event }) => event === 'publish')
      return [
        { answer: String(forged['plain JSON']) },
        { answer: String(forged['alg none with a signature']) },
        { answer: String(forged['HS256 with the public key as its secret']) },
        { answer: offer },
        { answer: (beacon as { body: { beacon: string } }).body.beacon },
        { refuse: answer },
      ]
    }))

  it('attack 22: misspelt answers are ignored by the viewer', () =>
    ignoredByViewer(answer =>
      Object.values(misspelt(answer))
        .slice(0, 6)
        .map(each => ({ answer: each })),
    ))

  it('attack 27: a second answer, a repeated one and refusals after it change nothing of a live session', async () => {
    const watching = watchHeadless(ada.owner, camera())
    const session = await watching.session
    const viewer = street.evil.world.viewer(ada.owner.auth.id)
    const replies = street.evil.world.bag.filter(
      ({ event, is, direction }) => event === 'offer' && is === 'reply' && direction === 'down',
    )
    assert.ok(viewer && replies.length > 0)
    const ids = replies.map(({ id }) => id ?? 0)
    for (const { body } of replies)
      for (const id of [...ids, Math.max(...ids) + 1])
        viewer.send({ link: viewer, direction: 'down', is: 'reply', event: 'offer', id, body })
    const heard = watching.peers[0]?.rtp.length ?? 0
    await until(() => (watching.peers[0]?.rtp.length ?? 0) > heard + 20, {
      timeout: 20_000,
      what: 'more video',
    })
    assert.equal(watching.peers.length, 1)
    assert.equal(session.camId, camera().camId)
    // An ICE restart would be a second offer of the same session: its number is used up.
    const [offer = ''] = watching.offers
    const { attempt } = await attemptOf(ada.owner.view, camera(), street.evil, offer)
    const again = await sealOffer({
      view: ada.owner.view,
      camId: camera().camId,
      win: windowOf(street.evil, camera().camId),
      sid: attempt.sid,
      sdp: description('offer'),
      want: ['view'],
      start: 'now',
    })
    const { refuse } = await handOver(again.offer)
    const { payload } = await openRefusal(refuse, { ...attempt, oh: again.oh })
    assert.equal(payload.code, 'replay')
    await watching.close()
  })
})
