import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { randomId } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { inviteKeyPair, newInviteSecret, openRedeemed, sealRedeem } from '@ownsight/protocol/invite'
import { openAck, openStatus, sealRead } from '@ownsight/protocol/read'
import { openReleased, sealRelease } from '@ownsight/protocol/release'
import { type PairedLife, pairedLife } from './paired-life.ts'

type Reply = Record<string, unknown>

/** What an owner or a guest may ask of a camera, whichever way it comes. */
describe('control', () => {
  let camera: PairedLife
  beforeEach(async () => {
    camera = await pairedLife()
  })
  afterEach(() => camera.dispose())

  const policy = (jws: string): Promise<Reply> =>
    new Promise(resolve => void camera.control.policy(jws, resolve))
  const release = (jws: string): Promise<Reply> =>
    new Promise(resolve => void camera.control.release(jws, resolve))
  const camId = () => camera.home.cam.id

  describe('policy', () => {
    it('M-6.29 judges every session before it acknowledges, and tells the news', async () => {
      const jws = await camera.next([{ op: 'privacy', on: true }])
      const { ack } = await policy(jws)
      assert.equal(camera.did[0], 'judged by 2')
      const ph = camera.life.policies.current()?.hash ?? ''
      await openAck(ack, { camId: camId(), pin: camera.home.cam.publicKey, ph })
    })

    it('refuses what is no policy, and judges nothing', async () => {
      assert.deepEqual(await policy('junk'), { refused: 'bad_form' })
      assert.deepEqual(camera.did, [])
    })

    it('keeps the floor where the same document comes again', async () => {
      camera.life.clock.raise(3_000_000_000)
      await policy(camera.life.policies.state()?.policy ?? '')
      assert.ok(camera.life.clock.floor() >= 3_000_000_000)
    })

    it('M-12.18 so many requests at once, and no more', async () => {
      const jws = camera.life.policies.state()?.policy ?? ''
      const replies = await Promise.all(Array.from({ length: 40 }, () => policy(jws)))
      assert.equal(replies.filter(reply => reply.refused === 'busy').length, 8)
      assert.ok('ack' in (await policy(jws)), 'and then again')
    })
  })

  describe('read', () => {
    it('shows an admin, and root, what is in force, who signed it, and how far the log goes', async () => {
      const { cam, admin, root } = camera.home
      for (const asker of [admin, root]) {
        const { read, no } = await sealRead(asker, { camId: cam.id, what: 'policy' })
        const reply = await camera.control.read(read)
        assert.ok('status' in reply)
        const expected = { camId: cam.id, pin: cam.publicKey, asker: asker.id, no }
        const { hash, status } = await openStatus(reply, expected)
        assert.equal(hash, camera.life.policies.current()?.hash)
        assert.equal(status.payload.watching, 2)
        assert.deepEqual(status.payload.head, camera.life.log.place())
      }
    })

    it('a viewer, a stranger and an admin of another camera learn nothing', async () => {
      const stranger = await generateKeyPair()
      for (const asker of [camera.home.view, stranger]) {
        const { read } = await sealRead(asker, { camId: camId(), what: 'policy' })
        assert.deepEqual(await camera.control.read(read), { refused: 'unknown_viewer' })
      }
      const { read } = await sealRead(camera.home.admin, { camId: stranger.id, what: 'policy' })
      assert.deepEqual(await camera.control.read(read), { refused: 'wrong_aud' })
    })

    it('M-13.6 the log is read in the session it was asked in, and nowhere else', async () => {
      const th = camera.home.root.id
      const { read } = await sealRead(camera.home.admin, { camId: camId(), what: 'log', th, from: 0 })
      assert.deepEqual(await camera.control.read(read), { refused: 'no_right' })
      assert.deepEqual(await camera.control.readInSession(read, camId()), { refused: 'bad_hash' })
      assert.ok('lines' in (await camera.control.readInSession(read, th)))
      const { admin } = camera.home
      const payload = { v: 1 as const, iss: admin.id, aud: camId(), no: randomId(), what: 'log' as const, th }
      const nowhere = await seal('os1-read', payload, admin.sign)
      assert.deepEqual(await camera.control.readInSession(nowhere, th), { refused: 'bad_form' })
    })
  })

  describe('redeem', () => {
    const secret = newInviteSecret()
    const soon = () => Math.floor(Date.now() / 1000) + 3600
    async function invite(exp = soon()): Promise<void> {
      const { publicKey: k } = await inviteKeyPair(secret)
      await policy(await camera.next([{ op: 'invite', k, r: ['view'], exp }]))
    }
    async function redemption(view = camera.home.view, win = camera.win()): Promise<string> {
      return sealRedeem({ invite: await inviteKeyPair(secret), view, camId: camId(), win })
    }
    const waiting = () => camera.life.policies.state()?.waiting ?? []

    it('ties a key to the invitation, on disk, and says so to the guest and to the admins', async () => {
      await invite()
      const guest = await generateKeyPair()
      const reply = await camera.control.redeem(await redemption(guest))
      assert.ok('redeemed' in reply)
      const { id } = await inviteKeyPair(secret)
      await openRedeemed(reply.redeemed, { camId: camId(), view: guest.id, invite: id })
      assert.equal(camera.did.at(-1), 'news')
      await camera.restart()
      assert.deepEqual(
        waiting().map(({ inv, k }) => ({ inv, k })),
        [{ inv: id, k: guest.publicKey }],
      )
    })

    it('M-12.19 attack 32: once: the same guest again gets the same, another one is refused and written down', async () => {
      await invite()
      const [guest, other] = await Promise.all([generateKeyPair(), generateKeyPair()])
      for (let i = 0; i < 2; i++)
        assert.ok('redeemed' in (await camera.control.redeem(await redemption(guest))))
      assert.deepEqual(await camera.control.redeem(await redemption(other)), { refused: 'used' })
      assert.equal(waiting().length, 1)
      assert.deepEqual(waiting()[0]?.k, guest.publicKey)
      const { lines } = await camera.life.log.page(0)
      const codes = lines.map(line => JSON.parse(line)).filter(({ e }) => e === 'redeem')
      assert.deepEqual(
        codes.map(({ code, k }) => [code, k]),
        [
          ['waiting', guest.id],
          ['used', other.id],
        ],
      )
    })

    it('attack 32: an invitation nobody gave, one that has ended, and an old window are refused', async () => {
      assert.deepEqual(await camera.control.redeem(await redemption()), { refused: 'unknown_viewer' })
      await invite(soon() - 7200)
      assert.deepEqual(await camera.control.redeem(await redemption()), { refused: 'expired' })
      assert.deepEqual(
        await camera.control.redeem(await redemption(camera.home.view, `${camera.win().slice(1)}A`)),
        {
          refused: 'stale_win',
        },
      )
      assert.deepEqual(waiting(), [])
    })

    it('M-12.20 a redemption ends with its invitation', async () => {
      await invite()
      const guest = await generateKeyPair()
      await camera.control.redeem(await redemption(guest))
      const { id } = await inviteKeyPair(secret)
      await policy(await camera.next([{ op: 'admit', k: guest.publicKey, r: ['view'], inv: id }]))
      assert.deepEqual(waiting(), [])
      assert.deepEqual(camera.life.policies.current()?.viewers.get(guest.id)?.r, ['view'])
    })

    it('M-12.21 remembers so many and no more', async () => {
      const secrets = Array.from({ length: 17 }, newInviteSecret)
      const keys = await Promise.all(secrets.map(inviteKeyPair))
      await policy(
        await camera.next(keys.map(key => ({ op: 'invite', k: key.publicKey, r: ['view'], exp: soon() }))),
      )
      const replies: Reply[] = []
      for (const key of keys) {
        const view = await generateKeyPair()
        replies.push(
          await camera.control.redeem(
            await sealRedeem({ invite: key, view, camId: camId(), win: camera.win() }),
          ),
        )
      }
      assert.deepEqual(replies.at(-1), { refused: 'limit' })
      assert.equal(replies.filter(reply => 'redeemed' in reply).length, 16)
      assert.equal(waiting().length, 16)
    })
  })

  describe('release', () => {
    const sealed = (signer = camera.home.admin, ph = camera.life.policies.current()?.hash ?? '') =>
      sealRelease(signer, camId(), { n: camera.life.policies.current()?.policy.n ?? 0, ph })

    it('M-5.19 attack 31: leaves nothing of the old home: a new key, no policy, no log', async () => {
      const { cam, admin } = camera.home
      const ph = camera.life.policies.current()?.hash ?? ''
      const stale = await camera.next([{ op: 'privacy', on: true }])
      await camera.life.journal.boot('test')
      const { released } = await release(await sealed())
      await openReleased(released, { camId: cam.id, pin: cam.publicKey, asker: admin.id, ph })
      assert.deepEqual(camera.did, ['forgot', 'released'])
      assert.deepEqual(readdirSync(camera.folder), ['key.json'])
      assert.deepEqual(await policy(stale), { refused: 'bad_form' })
      await camera.restart()
      assert.notEqual(camera.life.keys.cam.id, cam.id)
      assert.equal(camera.life.policies.state(), undefined)
      assert.deepEqual(await policy(stale), { refused: 'bad_form' })
    })

    it('is refused from anybody else, and where it is of an earlier policy', async () => {
      assert.deepEqual(await release(await sealed(camera.home.view)), { refused: 'unknown_viewer' })
      const old = await sealed()
      await policy(await camera.next([{ op: 'privacy', on: true }]))
      assert.deepEqual(await release(old), { refused: 'bad_epoch' })
      assert.equal(camera.life.policies.current()?.policy.n, 2)
      assert.ok(!camera.did.includes('forgot'))
    })
  })
})
