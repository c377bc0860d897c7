import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { randomId } from '@ownsight/protocol/bytes'
import { envelopeHash, openEnvelope, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { Payload } from '@ownsight/protocol/messages'
import {
  type Attempt,
  newSid,
  openAnswer,
  openBeacon,
  openConfirm,
  openRefusal,
  sealAnswer,
  sealConfirm,
  sealOffer,
  sealRefusal,
  transcript,
} from '@ownsight/protocol/session'
import { faults, type Home, malleate, newHome, now } from './fixtures.ts'
import { description } from './sdp.ts'

describe('protocol: session', () => {
  let home: Home
  before(async () => {
    home = await newHome()
  })

  type Side = { offer: string; attempt: Attempt }
  async function offerTo(cam: KeyPair, view = home.view, sdp = description('offer')): Promise<Side> {
    const sid = newSid()
    const want: ('view' | 'audio')[] = ['view', 'audio']
    const { offer, oh } = await sealOffer({
      view,
      camId: cam.id,
      win: randomId(),
      sid,
      sdp,
      want,
      start: 'now',
    })
    return { offer, attempt: { pin: cam.publicKey, camId: cam.id, view: view.id, sid, oh } }
  }
  const read = (offer: string, cam: KeyPair, view = home.view) =>
    openEnvelope('os1-offer', offer, () => view.publicKey, cam.id)
  const answer = async (offer: string, cam: KeyPair, view = home.view) =>
    sealAnswer(cam, await read(offer, cam, view), {
      n: 1,
      r: ['view'],
      exp: now() + 60,
      sdp: description('answer'),
    })

  it('offer, answer, confirm: both ends agree on th', async () => {
    const { offer, attempt } = await offerTo(home.cam)
    assert.ok(Math.abs((await read(offer, home.cam)).payload.iat - now()) < 60)
    const jws = await answer(offer, home.cam)
    const opened = await openAnswer(jws, attempt)
    assert.equal(opened.answer.payload.oh, await envelopeHash(offer))
    assert.equal(opened.ah, await envelopeHash(jws))
    const { confirm, th } = await sealConfirm(home.view, { ...attempt, ah: opened.ah })
    assert.equal(th, await transcript(attempt.oh, await envelopeHash(jws)))
    await openConfirm(confirm, { ...attempt, view: home.view.id, key: home.view.publicKey, th })
  })

  it('th is SHA-256 of os1-confirm, a zero byte, oh and ah, computed here by hand', async () => {
    const [oh, ah] = ['a'.repeat(43), 'b'.repeat(43)]
    assert.equal(
      await transcript(oh, ah),
      createHash('sha256').update(`os1-confirm\0${oh}${ah}`).digest('base64url'),
    )
    assert.notEqual(await transcript(ah, oh), await transcript(oh, ah))
  })

  it('every attempt has a sid of its own', () => assert.notEqual(newSid(), newSid()))

  describe('answers that are not for this attempt', () => {
    it('attack 2: the answers of two sessions swapped are ignored, the right one still opens', async () => {
      const [one, two] = [await offerTo(home.cam), await offerTo(home.cam)]
      const [a1, a2] = [await answer(one.offer, home.cam), await answer(two.offer, home.cam)]
      await faults('foreign_answer', () => openAnswer(a2, one.attempt), 'oh')
      await faults('foreign_answer', () => openAnswer(a1, two.attempt), 'oh')
      await openAnswer(a1, one.attempt)
      await openAnswer(a2, two.attempt)
    })

    it('attack 2: the answer to another viewer is wrong_aud', async () => {
      const other = await generateKeyPair()
      const [mine, theirs] = [await offerTo(home.cam), await offerTo(home.cam, other)]
      const swapped = await answer(theirs.offer, home.cam, other)
      await faults('wrong_aud', () => openAnswer(swapped, mine.attempt), 'aud')
    })

    it('attack 3: the answers of two cameras swapped fail the pin', async () => {
      const other = await generateKeyPair()
      const [one, two] = [await offerTo(home.cam), await offerTo(other)]
      const [a1, a2] = [await answer(one.offer, home.cam), await answer(two.offer, other)]
      await faults('unknown_viewer', () => openAnswer(a2, one.attempt), 'iss')
      await faults('unknown_viewer', () => openAnswer(a1, two.attempt), 'iss')
    })

    it('attack 6: an old answer replayed to a new attempt is foreign_answer', async () => {
      const old = await offerTo(home.cam)
      const jws = await answer(old.offer, home.cam)
      const fresh = await offerTo(home.cam)
      await faults('foreign_answer', () => openAnswer(jws, fresh.attempt))
      // Even under the old sid: the answer commits to the old offer.
      await faults('foreign_answer', () => openAnswer(jws, { ...fresh.attempt, sid: old.attempt.sid }), 'oh')
      await faults('foreign_answer', () => openAnswer(jws, { ...fresh.attempt, oh: old.attempt.oh }))
    })

    it('attack 12: the answer of an attacker camera is refused, whatever id it claims', async () => {
      const evil = await generateKeyPair()
      const { offer, attempt } = await offerTo(home.cam)
      const opened = await read(offer, home.cam)
      const parts = { n: 1, r: ['view' as const], exp: now(), sdp: description('answer') }
      const own = await sealAnswer(evil, opened, parts)
      await faults('unknown_viewer', () => openAnswer(own, attempt))
      const claimed = await sealAnswer({ ...evil, id: home.cam.id }, opened, parts)
      await faults('bad_sig', () => openAnswer(claimed, attempt))
    })

    it('attack 19: a bare description or another type in place of the answer is refused', async () => {
      const { offer, attempt } = await offerTo(home.cam)
      await faults('bad_form', () => openAnswer(description('answer'), attempt))
      await faults('bad_form', () => openAnswer({ type: 'answer', sdp: description('answer') }, attempt))
      await faults('bad_type', () => openAnswer(offer, attempt))
    })

    it('attack 14: a signed answer with a second fingerprint is bad_sdp', async () => {
      const { offer, attempt } = await offerTo(home.cam)
      const second = ['AB', 'CD'].map(each => `a=fingerprint:sha-256 ${Array(32).fill(each).join(':')}`)
      const sdp = description('answer', { extra: second })
      const jws = await sealAnswer(home.cam, await read(offer, home.cam), { n: 1, r: ['view'], exp: 1, sdp })
      await faults('bad_sdp', () => openAnswer(jws, attempt))
    })

    it('an answer that would receive audio without granting talk is bad_sdp', async () => {
      const { offer, attempt } = await offerTo(home.cam)
      const sdp = description('answer', { audio: 'sendrecv' })
      const opened = await read(offer, home.cam)
      const without = await sealAnswer(home.cam, opened, { n: 1, r: ['view', 'audio'], exp: 1, sdp })
      await faults('bad_sdp', () => openAnswer(without, attempt), 'direction')
      const granted = await sealAnswer(home.cam, opened, { n: 1, r: ['view', 'audio', 'talk'], exp: 1, sdp })
      await openAnswer(granted, attempt)
    })

    it('an answer whose sound is of another form is bad_sdp, one whose sound is rejected is not', async () => {
      const { offer, attempt } = await offerTo(home.cam)
      const opened = await read(offer, home.cam)
      const sealed = (sdp: string) => sealAnswer(home.cam, opened, { n: 1, r: ['view'], exp: 1, sdp })
      const other = await sealed(description('answer').replace('opus/48000/2', 'G722/8000'))
      await faults('bad_sdp', () => openAnswer(other, attempt), 'rtpmap')
      const rejected = description('answer', { audio: 'inactive' }).replace('m=audio 9', 'm=audio 0')
      await openAnswer(await sealed(rejected.replace('BUNDLE 0 1 2', 'BUNDLE 0 2')), attempt)
    })

    it('attack 21: a malleated answer is the same answer', async () => {
      const { offer, attempt } = await offerTo(home.cam)
      const jws = await answer(offer, home.cam)
      assert.equal((await openAnswer(malleate(jws), attempt)).ah, (await openAnswer(jws, attempt)).ah)
    })
  })

  describe('refusals', () => {
    it('a signed refusal is for this attempt only', async () => {
      const [one, two] = [await offerTo(home.cam), await offerTo(home.cam)]
      const win = randomId()
      const jws = await sealRefusal(home.cam, await read(one.offer, home.cam), 'stale_win', win)
      const { payload } = await openRefusal(jws, one.attempt)
      assert.deepEqual([payload.code, payload.win], ['stale_win', win])
      await faults('foreign_answer', () => openRefusal(jws, two.attempt))
      await faults('bad_type', () => openAnswer(jws, one.attempt))
    })

    it('a refusal by anybody else is not believed', async () => {
      const evil = await generateKeyPair()
      const { offer, attempt } = await offerTo(home.cam)
      const jws = await sealRefusal({ ...evil, id: home.cam.id }, await read(offer, home.cam), 'private')
      await faults('bad_sig', () => openRefusal(jws, attempt))
      await faults('bad_form', () => openRefusal({ hint: 'offline' }, attempt))
    })
  })

  describe('beacon', () => {
    const beacon = (cam: KeyPair, iss = cam.id) =>
      seal(
        'os1-beacon',
        { v: 1, iss, win: randomId(), n: 1, ph: 'A'.repeat(43), fw: '', iat: now() },
        cam.sign,
      )

    it('opens under the pinned key', async () => {
      assert.equal((await openBeacon(await beacon(home.cam), home.cam.publicKey, home.cam.id)).payload.n, 1)
    })

    it('of another camera, or by another key, is refused', async () => {
      const other = await generateKeyPair()
      const [own, lying] = [await beacon(other), await beacon(other, home.cam.id)]
      await faults('unknown_viewer', () => openBeacon(own, home.cam.publicKey, home.cam.id))
      await faults('bad_sig', () => openBeacon(lying, home.cam.publicKey, home.cam.id))
    })
  })

  describe('attack 26: confirm', () => {
    let attempt: Attempt
    let ah: string
    let expected: Parameters<typeof openConfirm>[1]
    before(async () => {
      const made = await offerTo(home.cam)
      attempt = made.attempt
      ah = await envelopeHash(await answer(made.offer, home.cam))
      const { camId, view, sid, oh } = attempt
      expected = { camId, view, key: home.view.publicKey, sid, th: await transcript(oh, ah) }
    })
    const payload = (change: Partial<Payload<'os1-confirm'>> = {}): Payload<'os1-confirm'> => ({
      v: 1,
      iss: home.view.id,
      aud: home.cam.id,
      sid: attempt.sid,
      th: expected.th,
      ...change,
    })
    const open = async (change: Partial<Payload<'os1-confirm'>>, key = home.view) =>
      openConfirm(await seal('os1-confirm', payload(change), key.sign), expected)

    it('attack 26: the right one opens', () => open({}))

    it('attack 26: a wrong th or sid is bad_hash', async () => {
      await faults('bad_hash', () => open({ th: 'A'.repeat(43) }), 'th')
      await faults('bad_hash', () => open({ sid: randomId() }), 'th')
    })

    it('attack 26: one of another session, replayed here, is bad_hash', async () => {
      const other = await offerTo(home.cam)
      const otherAh = await envelopeHash(await answer(other.offer, home.cam))
      const { confirm } = await sealConfirm(home.view, { ...other.attempt, ah: otherAh })
      await faults('bad_hash', () => openConfirm(confirm, expected))
    })

    it('attack 26: one for another camera, by another viewer or by another key is refused', async () => {
      const other = await generateKeyPair()
      await faults('wrong_aud', () => open({ aud: other.id }))
      await faults('unknown_viewer', () => open({ iss: other.id }, other))
      await faults('bad_sig', () => open({}, other))
    })

    it('attack 26: none, an empty one, or another message in its place is refused', async () => {
      for (const jws of [undefined, '', 'a.b.c', { t: 'confirm' }])
        await faults('bad_form', () => openConfirm(jws, expected))
      const { offer } = await offerTo(home.cam)
      await faults('bad_type', () => openConfirm(offer, expected))
    })
  })

  describe('attack 25: the splice', () => {
    /** Mallory is a guest of C and owns D. Alice opens D; Mallory gives her C's description as D's. */
    it('attack 25: every signature verifies, and CONFIRM refuses on both ends', async () => {
      const [alice, mallory, D] = await Promise.all([generateKeyPair(), generateKeyPair(), generateKeyPair()])
      const C = home.cam
      const toD = await offerTo(D, alice)
      const { payload } = await openEnvelope('os1-offer', toD.offer, () => alice.publicKey, D.id)

      // He signs Alice's description for C under his own key; C answers him honestly.
      const toC = await offerTo(C, mallory, payload.sdp)
      const fromC = await answer(toC.offer, C, mallory)
      const answerOfC = await openAnswer(fromC, toC.attempt)
      // D's answer commits honestly to Alice's offer, and carries C's description.
      const spliced = await sealAnswer(D, await read(toD.offer, D, alice), {
        n: 1,
        r: ['view'],
        exp: now() + 60,
        sdp: answerOfC.answer.payload.sdp,
      })
      const seenByAlice = await openAnswer(spliced, toD.attempt)
      assert.equal(seenByAlice.sdp, answerOfC.sdp)

      // Alice's browser is now on a DTLS transport with C. C expects Mallory's session.
      const atC = {
        camId: C.id,
        view: mallory.id,
        key: mallory.publicKey,
        sid: toC.attempt.sid,
        th: await transcript(toC.attempt.oh, answerOfC.ah),
      }
      const hers = await sealConfirm(alice, { ...toD.attempt, ah: seenByAlice.ah })
      await faults('wrong_aud', () => openConfirm(hers.confirm, atC))
      // The `confirmed` of C would carry another th than the one she waits for.
      assert.notEqual(atC.th, hers.th)
      // A confirm under Mallory's key over what Alice sees does not pass either.
      const his = await sealConfirm(mallory, { ...toC.attempt, oh: toD.attempt.oh, ah: seenByAlice.ah })
      await faults('bad_hash', () => openConfirm(his.confirm, atC))
    })
  })
})
