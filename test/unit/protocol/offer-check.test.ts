import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { type FaultCode, ProtocolFault } from '@ownsight/protocol/errors'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { isRefuseCode, type Payload, type Policy } from '@ownsight/protocol/messages'
import { checkOffer, type OfferChecks, openOffer, RefusedOffer } from '@ownsight/protocol/offer-check'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import { faults, type Home, inForce, malleate, newHome } from './fixtures.ts'
import { description, otherFingerprint } from './sdp.ts'

describe('protocol: offer check', () => {
  let home: Home
  let policy: PolicyInForce
  const win = randomId()
  before(async () => {
    home = await newHome()
    policy = await inForce(home)
  })

  const payload = (change: Partial<Payload<'os1-offer'>> = {}): Payload<'os1-offer'> => ({
    v: 1,
    iss: home.view.id,
    aud: home.cam.id,
    sid: randomId(),
    win,
    iat: 1,
    want: ['view'],
    start: 'now',
    sdp: description('offer'),
    ...change,
  })
  const sealed = (change: Partial<Payload<'os1-offer'>> = {}, key = home.view) =>
    seal('os1-offer', payload(change), key.sign)

  function camera(change: Partial<OfferChecks> = {}): OfferChecks & { recorded: string[] } {
    const recorded: string[] = []
    return {
      camId: home.cam.id,
      policy,
      clock: { now: 1000, plausible: true },
      windows: [win, randomId()],
      record: (viewer, sid) => {
        if (recorded.includes(`${viewer} ${sid}`)) return 'seen'
        recorded.push(`${viewer} ${sid}`)
        return 'fresh'
      },
      ...change,
      recorded,
    }
  }
  async function check(jws: string, checks: OfferChecks) {
    return checkOffer(await openOffer(jws, home.cam.id, checks.policy), checks)
  }
  /** Refused after the signature verified: may be answered, with this code. */
  async function refuses(code: FaultCode, work: () => unknown): Promise<void> {
    await assert.rejects(
      async () => work(),
      (error: unknown) => {
        assert.ok(error instanceof RefusedOffer, String(error))
        assert.equal(error.fault.code, code)
        assert.equal(error.name, 'RefusedOffer')
        assert.match(error.message, /^[a-z_]+ \([^()]+\): \S+ \S/, 'a field and a remedy in words')
        assert.ok(isRefuseCode(error.fault.code))
        return true
      },
    )
  }
  const withPolicy = (change: Partial<Policy>): PolicyInForce => ({
    ...policy,
    policy: { ...policy.policy, ...change },
    viewers: new Map((change.viewers ?? policy.policy.viewers).map(entry => [home.view.id, entry])),
  })

  it('accepts a good offer, with the rights asked for and granted', async () => {
    const accepted = await check(await sealed({ want: ['view', 'audio'] }), camera())
    assert.equal(accepted.viewer, home.view.id)
    assert.deepEqual(accepted.key, home.view.publicKey)
    assert.deepEqual(accepted.rights, ['view', 'audio'])
    assert.ok(!accepted.sdp.includes(' tcp '))
  })

  it('never grants more than the policy does', async () => {
    const viewers = [{ k: home.view.publicKey, r: ['view' as const] }]
    const accepted = await check(
      await sealed({ want: ['view', 'audio', 'talk'] }),
      camera({ policy: withPolicy({ viewers }) }),
    )
    assert.deepEqual(accepted.rights, ['view'])
  })

  describe('before the signature: counted, never answered', () => {
    const silent = async (code: FaultCode, work: () => Promise<unknown>) => {
      const checks = camera()
      await faults(code, work)
      assert.deepEqual(checks.recorded, [])
    }

    it('attack 1: an offer for another camera is wrong_aud', async () => {
      const other = await generateKeyPair()
      await silent('wrong_aud', async () => check(await sealed({ aud: other.id }), camera()))
    })

    it('attack 7: a viewer that is not in the policy is unknown_viewer', async () => {
      const stranger = await generateKeyPair()
      await silent('unknown_viewer', async () =>
        check(await sealed({ iss: stranger.id }, stranger), camera()),
      )
      await silent('unknown_viewer', async () =>
        check(await sealed({ iss: home.admin.id }, home.admin), camera()),
      )
    })

    it('attack 13: a junk signature on a good offer is bad_sig, and spends nothing of the replay cache', async () => {
      const checks = camera()
      const jws = await sealed({}, await generateKeyPair())
      await faults('bad_sig', () => check(jws, checks))
      assert.deepEqual(checks.recorded, [])
    })

    it('attack 19: what is not an offer envelope is bad_form or bad_type', async () => {
      await silent('bad_form', () => check(description('offer'), camera()))
      const policyJws = await seal('os1-policy', policy.policy, home.admin.sign)
      await silent('bad_type', () => check(policyJws, camera()))
    })

    it('none of these codes can be put into a refusal', () => {
      for (const code of ['bad_form', 'bad_type', 'wrong_aud', 'unknown_viewer', 'bad_sig'])
        assert.ok(!isRefuseCode(code))
    })

    it('a viewer removed between the two steps is told nothing either', async () => {
      const offer = await openOffer(await sealed(), home.cam.id, policy)
      const removed = { ...policy, viewers: new Map() }
      assert.throws(
        () => checkOffer(offer, camera({ policy: removed })),
        (error: unknown) => error instanceof ProtocolFault && error.code === 'unknown_viewer',
      )
    })
  })

  describe('after the signature, in their order', () => {
    it('attack 5: an offer from before a reboot, or two windows old, is stale_win', async () => {
      await refuses('stale_win', async () => check(await sealed({ win: randomId() }), camera()))
      const checks = camera({ windows: [randomId(), win] })
      await check(await sealed(), checks)
      await refuses('stale_win', async () =>
        check(await sealed(), camera({ windows: [randomId(), randomId()] })),
      )
    })

    it('attack 5: a stale offer leaves nothing in the replay cache', async () => {
      const checks = camera({ windows: [] })
      await refuses('stale_win', async () => check(await sealed(), checks))
      assert.deepEqual(checks.recorded, [])
    })

    it('attack 4: the same offer again is replay', async () => {
      const checks = camera()
      const jws = await sealed()
      await check(jws, checks)
      await refuses('replay', () => check(jws, checks))
    })

    it('attack 4: another offer under a used sid is replay', async () => {
      const checks = camera()
      const sid = randomId()
      await check(await sealed({ sid }), checks)
      await refuses('replay', async () => check(await sealed({ sid, start: 'hold' }), checks))
    })

    it('attack 21: the malleated copy of an accepted offer is replay, under the same hash', async () => {
      const checks = camera()
      const jws = await sealed()
      const first = await check(jws, checks)
      await refuses('replay', () => check(malleate(jws), checks))
      assert.equal((await openOffer(malleate(jws), home.cam.id, policy)).hash, first.offer.hash)
    })

    it('a full replay cache is limit: nothing is evicted early', async () => {
      await refuses('limit', async () => check(await sealed(), camera({ record: () => 'full' })))
    })

    it('attack 7: a viewer before nbf or after exp is expired', async () => {
      const k = home.view.publicKey
      const late = withPolicy({ viewers: [{ k, r: ['view'], exp: 1000 }] })
      const early = withPolicy({ viewers: [{ k, r: ['view'], nbf: 1001 }] })
      for (const each of [late, early])
        await refuses('expired', async () => check(await sealed(), camera({ policy: each })))
    })

    it('attack 11: with a clock that is not believed, an entry with a time is clock', async () => {
      const clock = { now: 1000, plausible: false }
      const timed = withPolicy({ viewers: [{ k: home.view.publicKey, r: ['view'], exp: 2000 }] })
      await refuses('clock', async () => check(await sealed(), camera({ policy: timed, clock })))
      await check(await sealed(), camera({ clock }))
    })

    it('a private camera refuses everybody', async () => {
      await refuses('private', async () =>
        check(await sealed(), camera({ policy: withPolicy({ privacy: true }) })),
      )
    })

    it('an offer that does not ask for view, or names a link, is no_right', async () => {
      await refuses('no_right', async () => check(await sealed({ want: ['audio'] }), camera()))
      await refuses('no_right', async () => check(await sealed({ want: [] }), camera()))
      await refuses('no_right', async () => check(await sealed({ link: randomId() }), camera()))
    })

    it('attack 14: a second fingerprint, signed by an authorised viewer, is bad_sdp', async () => {
      const lines = [
        [`a=fingerprint:sha-256 ${otherFingerprint}`],
        [`a=fingerprint:SHA-256 ${otherFingerprint.toLowerCase()}`],
        [`a=fingerprint:sha-1 ${Array(20).fill('AB').join(':')}`],
        [`a=fingerprint:sha-512 ${Array(64).fill('AB').join(':')}`],
      ]
      for (const extra of lines)
        await refuses('bad_sdp', async () =>
          check(await sealed({ sdp: description('offer', { extra }) }), camera()),
        )
      const session = description('offer').replace(
        't=0 0\r\n',
        `t=0 0\r\na=fingerprint:sha-256 ${otherFingerprint}\r\n`,
      )
      await refuses('bad_sdp', async () => check(await sealed({ sdp: session }), camera()))
    })

    it('a viewer that would send audio without the right to talk is bad_sdp', async () => {
      const sdp = description('offer', { audio: 'sendrecv' })
      const viewers = [{ k: home.view.publicKey, r: ['view' as const, 'audio' as const] }]
      const mute = withPolicy({ viewers })
      const want: ('view' | 'audio' | 'talk')[] = ['view', 'audio', 'talk']
      await refuses('bad_sdp', async () => check(await sealed({ sdp, want }), camera({ policy: mute })))
      await check(await sealed({ sdp, want }), camera())
    })

    it('the first fault in order is the one named', async () => {
      const bad = { win: randomId(), sdp: 'v=0\r\n', want: [] }
      const closed = withPolicy({ privacy: true, viewers: [{ k: home.view.publicKey, r: [], exp: 1 }] })
      const checks = { policy: closed, clock: { now: 1000, plausible: false } }
      await refuses('stale_win', async () => check(await sealed(bad), camera(checks)))
      await refuses('replay', async () =>
        check(await sealed({ ...bad, win }), camera({ ...checks, record: () => 'seen' })),
      )
      await refuses('clock', async () => check(await sealed({ ...bad, win }), camera(checks)))
      const plausible = { ...checks, clock: { now: 1000, plausible: true } }
      await refuses('expired', async () => check(await sealed({ ...bad, win }), camera(plausible)))
      await refuses('no_right', async () => check(await sealed({ sdp: 'v=0\r\n', want: [] }), camera()))
    })
  })
})
