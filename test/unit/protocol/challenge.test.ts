import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { newChallenge, openAuth, openBind, sealAuth, sealBind } from '@ownsight/protocol/challenge'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { CHALLENGE_LIFETIME_S } from '@ownsight/protocol/limits'
import { faults, now } from './fixtures.ts'

const origin = 'https://home.example'

describe('protocol: challenge', () => {
  let auth: KeyPair
  before(async () => {
    auth = await generateKeyPair()
  })
  const device = (change: object = {}) => ({ key: auth, role: 'viewer' as const, origin, ...change })
  const open = (jws: unknown, challenge: ReturnType<typeof newChallenge>, change: object = {}) =>
    openAuth(jws, {
      challenge,
      origin,
      role: 'viewer',
      resolve: iss => (iss === auth.id ? auth.publicKey : undefined),
      now: now(),
      ...change,
    })

  it('opens the answer to its own challenge', async () => {
    const challenge = newChallenge('s1')
    const { payload } = await open(await sealAuth(challenge, device()), challenge)
    assert.equal(payload.iss, auth.id)
    assert.equal(payload.sock, 's1')
  })

  it('attack 34: an answer made for another origin is wrong_origin', async () => {
    const challenge = newChallenge('s1')
    const jws = await sealAuth(challenge, device({ origin: 'https://phish.example' }))
    await faults('wrong_origin', () => open(jws, challenge), 'origin')
  })

  it('attack 34: an answer to another challenge is stale_challenge', async () => {
    const [first, second] = [newChallenge('s1'), newChallenge('s1')]
    const jws = await sealAuth(first, device())
    await faults('stale_challenge', () => open(jws, second), 'sn')
  })

  it('attack 34: an answer given on another socket is stale_challenge', async () => {
    const challenge = newChallenge('s1')
    const jws = await sealAuth(challenge, device())
    await faults('stale_challenge', () => open(jws, { ...challenge, sock: 's2' }), 'sn')
  })

  it('attack 34: a late answer is stale_challenge', async () => {
    const challenge = newChallenge('s1')
    const jws = await sealAuth(challenge, device())
    const late = now() + CHALLENGE_LIFETIME_S + 2
    await faults('stale_challenge', () => open(jws, challenge, { now: late }), 'exp')
  })

  it('an answer in the last second of its challenge is in time', async () => {
    const challenge = newChallenge('s1')
    assert.ok(Math.abs(challenge.exp - CHALLENGE_LIFETIME_S - now()) < 60)
    await open(await sealAuth(challenge, device()), challenge, { now: challenge.exp })
  })

  it('attack 34: a key that is not registered is refused, and a registered name does not lend its key', async () => {
    const challenge = newChallenge('s1')
    const stranger = await generateKeyPair()
    const jws = await sealAuth(challenge, device({ key: stranger }))
    await faults('unknown_viewer', () => open(jws, challenge))
    const lying = await sealAuth(challenge, device({ key: { ...stranger, id: auth.id } }))
    await faults('bad_sig', () => open(lying, challenge))
  })

  it('a viewer key does not open the camera namespace', async () => {
    const challenge = newChallenge('s1')
    const jws = await sealAuth(challenge, device({ role: 'camera' }))
    await faults('bad_type', () => open(jws, challenge), 'role')
  })

  describe('bind', () => {
    it('is signed by the camera key it names', async () => {
      const cam = await generateKeyPair()
      const ticket = randomId()
      const jws = await sealBind({ cam, auth: auth.publicKey, ticket, origin })
      const { payload } = await openBind(jws, { origin })
      assert.deepEqual([payload.iss, payload.ticket, payload.auth], [cam.id, ticket, auth.publicKey])
    })

    it('of a camera whose id is not the thumbprint of its key is refused', async () => {
      const [cam, other] = [await generateKeyPair(), await generateKeyPair()]
      const jws = await sealBind({
        cam: { ...cam, id: other.id },
        auth: auth.publicKey,
        ticket: randomId(),
        origin,
      })
      await faults('unknown_viewer', () => openBind(jws, { origin }))
    })

    it('signed by another key than the named one is bad_sig', async () => {
      const [cam, other] = [await generateKeyPair(), await generateKeyPair()]
      const jws = await sealBind({
        cam: { ...cam, sign: other.sign },
        auth: auth.publicKey,
        ticket: randomId(),
        origin,
      })
      await faults('bad_sig', () => openBind(jws, { origin }))
    })

    it('for another server is wrong_origin', async () => {
      const cam = await generateKeyPair()
      const jws = await sealBind({
        cam,
        auth: auth.publicKey,
        ticket: randomId(),
        origin: 'https://evil.example',
      })
      await faults('wrong_origin', () => openBind(jws, { origin }), 'origin')
    })

    it('is not an answer to a challenge, nor the other way round', async () => {
      const challenge = newChallenge('s1')
      const cam = await generateKeyPair()
      const bind = await sealBind({ cam, auth: auth.publicKey, ticket: randomId(), origin })
      await faults('bad_type', () => open(bind, challenge))
      await faults('bad_type', async () => openBind(await sealAuth(challenge, device()), { origin }))
      await assert.rejects(seal('os1-auth', { v: 1 } as never, auth.sign))
    })
  })
})
