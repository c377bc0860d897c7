import assert from 'node:assert/strict'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { newSid, openAnswer, sealConfirm, sealOffer } from '@ownsight/protocol/session'
import { readPolicy, updatePolicy } from '../support/owner.ts'
import { until } from '../support/wait.ts'
import { createViewer, type WeriftViewer } from '../support/werift-viewer.ts'
import { watchHeadless } from './headless-viewer.ts'
import { type Homes, openHomes, type TestHome } from './homes.ts'
import { spliceUnknownKeyShare, windowOf } from './insiders.ts'

describe('evil: sessions that are opened, and what is let through them', function () {
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

  /** Answered and connected: all of a session but its confirm. */
  async function connected() {
    const viewer = await createViewer()
    const { view, socket } = ada.owner
    const { camId, key } = camera()
    const sid = newSid()
    const win = windowOf(street.evil, camId)
    const { offer, oh } = await sealOffer({
      view,
      camId,
      win,
      sid,
      sdp: viewer.offer,
      want: ['view'],
      start: 'now',
    })
    const { answer } = (await socket.timeout(16_000).emitWithAck('offer', { cam: camId, offer })) as {
      answer: string
    }
    const { sdp, ah } = await openAnswer(answer, { pin: key, camId, view: view.id, sid, oh })
    await viewer.accept(sdp)
    const { confirm } = await sealConfirm(view, { camId, sid, oh, ah })
    return { viewer, confirm }
  }
  const say = (viewer: WeriftViewer, jws: string) => viewer.send(JSON.stringify({ t: 'confirm', jws }))
  const over = ({ messages, states }: WeriftViewer) =>
    messages.some(text => text.includes('"ended"')) || states.includes('closed')

  it('attack 26: without a confirm, with a wrong, a replayed or a late one, not one RTP packet comes', async () => {
    const good = await connected()
    say(good.viewer, good.confirm)
    await until(() => good.viewer.rtp.length > 0, { timeout: 20_000, what: 'video after the right confirm' })
    const [none, replayed, wrong] = [await connected(), await connected(), await connected()]
    say(replayed.viewer, good.confirm)
    say(wrong.viewer, `${wrong.confirm.slice(0, -8)}AAAAAAAA`)
    await until(() => [none, replayed, wrong].every(({ viewer }) => over(viewer)), {
      timeout: 40_000,
      what: 'the end of all three',
    })
    for (const { viewer, confirm } of [none, replayed, wrong]) say(viewer, confirm)
    const heard = good.viewer.rtp.length
    await until(() => good.viewer.rtp.length > heard + 20, {
      timeout: 20_000,
      what: 'more video where it is due',
    })
    assert.deepEqual(
      [none, replayed, wrong].map(({ viewer }) => viewer.rtp.length),
      [0, 0, 0],
    )
    for (const { viewer } of [good, none, replayed, wrong]) await viewer.close()
  })

  it('attack 25: a guest who owns another camera splices, and the viewer draws nothing', async () => {
    // Ben may watch Ada's camera, and owns one himself. Ada is let into Ben's: she watches what she takes for his.
    const guest = ben.owner.view
    const [mine] = ben.cameras
    assert.ok(mine)
    await admit(ada, guest)
    const splice = await spliceUnknownKeyShare(street.evil, {
      guest,
      target: camera(),
      victim: ada.owner.view,
    })
    const watching = watchHeadless(ada.owner, splice.decoy)
    await assert.rejects(watching.session, { name: 'WatchFault' })
    assert.equal(splice.counts.spliced, 1, 'the answer of the camera was handed on as the decoy’s')
    assert.equal(watching.foreign(), 0, 'every signature of it verified')
    assert.equal(watching.peers[0]?.rtp.length, 0)
    await watching.close()
    splice.stop()
  })

  async function admit(home: TestHome, guest: { publicKey: { x: string; y: string } }): Promise<void> {
    const [own] = home.cameras
    assert.ok(own)
    const current = await readPolicy(home.owner, own)
    const { viewers } = current.policy
    await updatePolicy(home.owner, own, current, {
      viewers: [...viewers, { k: guest.publicKey, r: ['view'] }],
    })
  }

  it('attack 7: a guest is served, and once removed gets nothing, by the same offer or a new one', async () => {
    const guest = await generateKeyPair()
    const [own] = ben.cameras
    assert.ok(own)
    const first = await readPolicy(ben.owner, own)
    const { viewers } = first.policy
    const second = await updatePolicy(ben.owner, own, first, {
      viewers: [...viewers, { k: guest.publicKey, r: ['view'] }],
    })
    // The guest's socket is Ben's: the server lets anybody ask here, and only the camera's own list counts.
    const person = { view: guest, socket: ben.owner.socket }
    const watching = watchHeadless(person, own)
    await watching.session
    await until(() => watching.peers[0]?.rtp.length, { timeout: 20_000, what: 'video' })
    await updatePolicy(ben.owner, own, second, { viewers })
    const [peer] = watching.peers
    assert.ok(peer)
    await until(() => over(peer), { timeout: 10_000, what: 'the end of the session' })
    await watching.close()
    const link = street.evil.world.camera(own.camId)
    for (const offer of watching.offers)
      assert.deepEqual(await link?.ask('down', 'offer', { offer }), { hint: 'no_reply' })
    const again = watchHeadless(person, own)
    await assert.rejects(again.session, { name: 'WatchFault' })
    await again.close()
  })
})
