import assert from 'node:assert/strict'
import { randomId, toBase64url } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import {
  formatInvitation,
  inviteKeyPair,
  newInviteSecret,
  openRedeem,
  openRedeemed,
  parseInvitation,
  sameKey,
  sealRedeem,
  sealRedeemed,
} from '@ownsight/protocol/invite'
import { NAME_MAX_LENGTH } from '@ownsight/protocol/limits'
import type { Payload } from '@ownsight/protocol/messages'
import { type PolicyInForce, rightsOf } from '@ownsight/protocol/policy'
import { faults, type Home, inForce, newHome, now, strayBit } from './fixtures.ts'

describe('protocol: invitations', () => {
  let home: Home
  let invite: KeyPair
  let guest: KeyPair
  let policy: PolicyInForce
  const win = randomId()
  const clock = { now: now(), plausible: true }
  const day = 86_400
  before(async () => {
    home = await newHome()
    invite = await inviteKeyPair(newInviteSecret())
    guest = await generateKeyPair()
    policy = await inForce(home, { invites: [{ k: invite.publicKey, r: ['view'], exp: now() + day }] })
  })
  const camera = (change: Partial<Parameters<typeof openRedeem>[1]> = {}) => ({
    camId: home.cam.id,
    policy,
    clock,
    windows: [win],
    ...change,
  })
  const redeem = (change: Partial<Parameters<typeof sealRedeem>[0]> = {}) =>
    sealRedeem({ invite, view: guest, camId: home.cam.id, win, ...change })
  /** A redemption made by hand, by whoever holds the link. */
  async function forged(
    own: Partial<Payload<'os1-own'>>,
    signer = guest,
    view = guest.publicKey,
  ): Promise<string> {
    const payload = { v: 1 as const, iss: guest.id, aud: home.cam.id, inv: invite.id, win, ...own }
    const proof = await seal('os1-own', payload, signer.sign)
    const outer = { v: 1 as const, iss: invite.id, aud: home.cam.id, win, view, own: proof, iat: 1 }
    return seal('os1-redeem', outer, invite.sign)
  }

  it('a link brings back secret, camera and name, and its key pair is the one the policy names', async () => {
    const secret = newInviteSecret()
    const link = { secret, camId: home.cam.id, name: 'Grandma’s door 🚪' }
    assert.deepEqual(parseInvitation(` ${formatInvitation(link)}\n`), link)
    assert.equal((await inviteKeyPair(secret)).id, (await inviteKeyPair(secret)).id)
    assert.equal((await inviteKeyPair(secret)).sign.extractable, false)
  })

  it('refuses a link that was cut, or is another thing', async () => {
    const link = formatInvitation({ secret: newInviteSecret(), camId: home.cam.id, name: 'Door' })
    for (const bad of [
      '',
      link.slice(0, -7),
      link.slice(1),
      `${link}:`,
      link.replace('invite', 'join'),
      `${link} x`,
      `my ${link}`,
    ])
      await faults('bad_form', () => parseInvitation(bad), 'invitation')
    await faults('bad_form', () => inviteKeyPair(new Uint8Array(32)), 'invitation')
  })

  it('a name has 1 to 64 characters, a camera’s id one spelling', async () => {
    const link = (name: string, camId = home.cam.id): string =>
      formatInvitation({ secret: newInviteSecret(), camId, name })
    assert.equal(parseInvitation(link(' Door ')).name, 'Door')
    assert.equal(parseInvitation(link('x'.repeat(NAME_MAX_LENGTH))).name.length, NAME_MAX_LENGTH)
    for (const bad of [link(' '), link('x'.repeat(NAME_MAX_LENGTH + 1))])
      await faults('bad_form', () => parseInvitation(bad), 'invitation')
    await faults('bad_form', () => parseInvitation(link('Door', strayBit(home.cam.id))), 'base64url')
  })

  it('a key is the same by both its coordinates', () => {
    const { x, y } = guest.publicKey
    assert.equal(sameKey({ x, y }, { x, y }), true)
    assert.equal(sameKey({ x, y }, { x, y: x }), false)
    assert.equal(sameKey({ x, y }, { x: y, y }), false)
  })

  it('a redemption ties the guest’s key to the invitation, and gives no right', async () => {
    const opened = await openRedeem(await redeem(), camera())
    assert.deepEqual(opened.view, guest.publicKey)
    assert.equal(opened.viewId, guest.id)
    assert.ok(Math.abs(opened.redeem.payload.iat - now()) < 60)
    await faults('unknown_viewer', () => rightsOf(policy, guest.id, clock))
    await faults('unknown_viewer', () => rightsOf(policy, invite.id, clock))
  })

  it('attack 32: an invitation that the policy does not name, or names no more', async () => {
    const other = await inviteKeyPair(newInviteSecret())
    await faults('unknown_viewer', async () => openRedeem(await redeem({ invite: other }), camera()))
    const without = await inForce(home)
    await faults('unknown_viewer', async () => openRedeem(await redeem(), camera({ policy: without })))
  })

  it('attack 32: after its end, before its beginning, and while the clock is not believed', async () => {
    const jws = await redeem()
    await faults('expired', () => openRedeem(jws, camera({ clock: { now: now() + day, plausible: true } })))
    await faults('clock', () => openRedeem(jws, camera({ clock: { now: now(), plausible: false } })))
    const later = await inForce(home, {
      invites: [{ k: invite.publicKey, r: ['view'], nbf: now() + 60, exp: now() + day }],
    })
    await faults('expired', () => openRedeem(jws, camera({ policy: later })))
  })

  it('attack 32: the server swaps the guest’s key for one of its own', async () => {
    const server = await generateKeyPair()
    // Without the invite key it cannot sign at all; with the link it must still own the key it names.
    await faults('bad_sig', async () => openRedeem(await forged({}, server), camera()))
    await faults('unknown_viewer', async () =>
      openRedeem(await forged({}, guest, server.publicKey), camera()),
    )
    await faults('unknown_viewer', async () => openRedeem(await forged({ iss: server.id }, server), camera()))
  })

  it('a proof of the key for another invitation, camera or time proves nothing', async () => {
    await faults('bad_hash', async () => openRedeem(await forged({ inv: home.root.id }), camera()), 'own')
    await faults('bad_hash', async () => openRedeem(await forged({ win: randomId() }), camera()), 'own')
    await faults('wrong_aud', async () => openRedeem(await forged({ aud: home.root.id }), camera()))
  })

  it('an old redemption, and one for another camera', async () => {
    const jws = await redeem()
    await faults('stale_win', () => openRedeem(jws, camera({ windows: [randomId()] })), 'win')
    await faults('wrong_aud', () => openRedeem(jws, camera({ camId: home.root.id })))
  })

  it('a key that is no point on the curve', async () => {
    const view = { x: toBase64url(new Uint8Array(32)), y: toBase64url(new Uint8Array(32)) }
    await faults('bad_key', async () => openRedeem(await forged({}, guest, view), camera()))
  })

  it('a key that is let in already redeems nothing', async () => {
    const jws = await redeem({ view: home.view })
    await faults('used', () => openRedeem(jws, camera()), 'view')
  })

  it('the guest pins the key whose thumbprint the link names, and no other', async () => {
    const expected = { camId: home.cam.id, view: guest.id, invite: invite.id }
    const jws = await sealRedeemed(home.cam, { aud: guest.id, inv: invite.id })
    assert.deepEqual(await openRedeemed(jws, expected), home.cam.publicKey)
    const impostor = await generateKeyPair()
    const theirs = await sealRedeemed(impostor, { aud: guest.id, inv: invite.id })
    await faults('unknown_viewer', () => openRedeemed(theirs, expected))
    const named = await seal(
      'os1-redeemed',
      { v: 1, iss: home.cam.id, aud: guest.id, inv: invite.id, cam: impostor.publicKey, iat: 1 },
      impostor.sign,
    )
    await faults('unknown_viewer', () => openRedeemed(named, expected))
    const misnamed = await seal(
      'os1-redeemed',
      { v: 1, iss: home.root.id, aud: guest.id, inv: invite.id, cam: home.cam.publicKey, iat: 1 },
      home.cam.sign,
    )
    await faults('unknown_viewer', () => openRedeemed(misnamed, expected))
    const other = await sealRedeemed(home.cam, { aud: guest.id, inv: home.root.id })
    await faults('foreign_answer', () => openRedeemed(other, expected), 'inv')
    await faults('wrong_aud', () => openRedeemed(jws, { ...expected, view: home.view.id }))
  })
})
