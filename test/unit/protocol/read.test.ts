import assert from 'node:assert/strict'
import { randomId, toBase64url } from '@ownsight/protocol/bytes'
import { envelopeHash, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair } from '@ownsight/protocol/ids'
import type { Payload } from '@ownsight/protocol/messages'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import { openAck, openRead, openStatus, sealRead, sealStatus } from '@ownsight/protocol/read'
import { openRelease, openReleased, sealRelease, sealReleased } from '@ownsight/protocol/release'
import { faults, firstPolicy, type Home, inForce, newHome, now } from './fixtures.ts'

describe('protocol: reading what is in force, and releasing', () => {
  let home: Home
  let policy: PolicyInForce
  let document: string
  const zero = toBase64url(new Uint8Array(32))
  before(async () => {
    home = await newHome()
    document = await seal('os1-policy', firstPolicy(home), home.admin.sign)
    policy = { ...(await inForce(home)), hash: await envelopeHash(document) }
  })
  const camera = () => ({ camId: home.cam.id, policy })
  const status = (change: Partial<Payload<'os1-status'>> = {}) =>
    sealStatus(home.cam, {
      aud: home.admin.id,
      no: 'A'.repeat(22),
      n: 1,
      ph: policy.hash,
      signer: home.admin.publicKey,
      fw: 'test',
      watching: 0,
      waiting: [],
      head: { i: 0, h: zero },
      ...change,
    })
  const expected = () => ({
    camId: home.cam.id,
    pin: home.cam.publicKey,
    asker: home.admin.id,
    no: 'A'.repeat(22),
  })

  it('admins and root may ask; a viewer, a guest of another home and a stranger may not', async () => {
    for (const asker of [home.admin, home.root]) {
      const { read, no } = await sealRead(asker, { camId: home.cam.id, what: 'policy' })
      assert.equal((await openRead(read, camera())).no, no)
    }
    for (const asker of [home.view, await generateKeyPair()]) {
      const { read } = await sealRead(asker, { camId: home.cam.id, what: 'policy' })
      await faults('unknown_viewer', () => openRead(read, camera()), 'iss')
    }
    const { read } = await sealRead(home.admin, { camId: home.root.id, what: 'policy' })
    await faults('wrong_aud', () => openRead(read, camera()))
  })

  it('the answer is the document that the camera vouches for', async () => {
    const opened = await openStatus({ policy: document, status: await status() }, expected())
    assert.equal(opened.policy.n, 1)
    assert.ok(Math.abs(opened.status.payload.iat - now()) < 60)
    assert.equal(opened.hash, policy.hash)
    assert.equal(opened.jws, document)
  })

  it('attack 12: another camera’s word, an answer to another question or asker', async () => {
    const other = await newHome()
    const theirs = await seal(
      'os1-status',
      {
        ...JSON.parse(atob((await status()).split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')),
      },
      other.cam.sign,
    )
    await faults('bad_sig', () => openStatus({ policy: document, status: theirs }, expected()))
    const reply = { policy: document, status: await status() }
    await faults('foreign_answer', () => openStatus(reply, { ...expected(), no: randomId() }), 'no')
    await faults('wrong_aud', () => openStatus(reply, { ...expected(), asker: home.root.id }))
    await faults('unknown_viewer', () => openStatus(reply, { ...expected(), camId: other.cam.id }))
  })

  it('attack 10: a document the camera does not vouch for: older, of another signer, of another camera', async () => {
    const older = await seal('os1-policy', firstPolicy(home, { n: 2 }), home.admin.sign)
    await faults(
      'bad_hash',
      async () => openStatus({ policy: older, status: await status() }, expected()),
      'ph',
    )
    const signer = { signer: home.view.publicKey }
    await faults('unknown_viewer', async () =>
      openStatus({ policy: document, status: await status(signer) }, expected()),
    )
    const elsewhere = await seal('os1-policy', firstPolicy(home, { cam: home.root.id }), home.admin.sign)
    const ph = { ph: await envelopeHash(elsewhere) }
    await faults('wrong_aud', async () =>
      openStatus({ policy: elsewhere, status: await status(ph) }, expected()),
    )
  })

  it('an ack counts for the document it names and from the camera alone', async () => {
    const ack = await seal(
      'os1-ack',
      { v: 1, iss: home.cam.id, n: 1, ph: policy.hash, iat: 1 },
      home.cam.sign,
    )
    const asked = { camId: home.cam.id, pin: home.cam.publicKey, ph: policy.hash }
    assert.equal((await openAck(ack, asked)).n, 1)
    await faults('bad_hash', () => openAck(ack, { ...asked, ph: zero }), 'ph')
    await faults('unknown_viewer', () => openAck(ack, { ...asked, camId: home.root.id }))
    await faults('bad_sig', () => openAck(ack, { ...asked, pin: home.root.publicKey }))
  })

  it('a release is by an admin or root, of the policy in force', async () => {
    const inForceNow = { n: 1, ph: policy.hash }
    for (const signer of [home.admin, home.root])
      await openRelease(await sealRelease(signer, home.cam.id, inForceNow), camera())
    const { iat } = await openRelease(await sealRelease(home.admin, home.cam.id, inForceNow), camera())
    assert.ok(Math.abs(iat - now()) < 60)
    const by = (signer: typeof home.view, change = {}) =>
      sealRelease(signer, home.cam.id, { ...inForceNow, ...change })
    await faults('unknown_viewer', async () => openRelease(await by(home.view), camera()))
    await faults('bad_epoch', async () => openRelease(await by(home.admin, { n: 2 }), camera()), 'n')
    await faults('bad_hash', async () => openRelease(await by(home.admin, { ph: zero }), camera()), 'ph')
  })

  it('attack 31: only the camera itself can say that it was released', async () => {
    const asked = { camId: home.cam.id, pin: home.cam.publicKey, asker: home.admin.id, ph: policy.hash }
    const released = await sealReleased(home.cam, home.admin.id, policy.hash)
    await openReleased(released, asked)
    await faults('bad_hash', () => openReleased(released, { ...asked, ph: zero }), 'ph')
    await faults('wrong_aud', () => openReleased(released, { ...asked, asker: home.root.id }))
    const theirs = await sealReleased(await generateKeyPair(), home.admin.id, policy.hash)
    await faults('unknown_viewer', () => openReleased(theirs, asked))
  })
})
