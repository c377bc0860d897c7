import assert from 'node:assert/strict'
import { envelopeHash, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair, keyId, type PublicKey } from '@ownsight/protocol/ids'
import type { Policy } from '@ownsight/protocol/messages'
import { sealStatus } from '@ownsight/protocol/read'
import { formatKit, newRootSeed, rootKeyPair, rosterKey, seedToWords } from '@ownsight/protocol/recovery'
import { sealRoster } from '@ownsight/protocol/roster'
import {
  type Asking,
  type Kit,
  openOwnList,
  readKit,
  restoreCamera,
  standingOf,
} from '../../../viewer/src/recover.ts'
import { firstPolicy, newHome } from '../protocol/fixtures.ts'

const claims = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString())

describe('viewer: the recovery kit', () => {
  const seed = newRootSeed()
  let kit: Kit
  let cam: KeyPair
  let finder: { admin: KeyPair; view: KeyPair }
  let anna: KeyPair
  let device: { admin: KeyPair; view: KeyPair }
  let policy: Policy
  let signer: KeyPair
  beforeEach(async () => {
    const home = { ...(await newHome()), root: await rootKeyPair(seed) }
    kit = await readKit(formatKit(seed, [home.cam.id]))
    cam = home.cam
    finder = home
    signer = home.admin
    anna = await generateKeyPair()
    device = { admin: await generateKeyPair(), view: await generateKeyPair() }
    policy = firstPolicy(home, {
      viewers: [
        { k: home.view.publicKey, r: ['view'] },
        { k: anna.publicKey, r: ['view'] },
      ],
      invites: [{ k: (await generateKeyPair()).publicKey, r: ['view'], exp: 2_000_000_000 }],
    })
  })

  /** A camera that takes what root signs; `more` changes what it says. */
  function camera(more: { as?: KeyPair; beforePolicy?: () => void; loseAck?: boolean } = {}): Asking {
    const { as = cam } = more
    let lost = more.loseAck ?? false
    const answer = async (kind: string, request: { read?: string; policy?: string }) => {
      if (kind === 'read') {
        const { no, iss } = claims(request.read ?? '')
        const jws = await seal('os1-policy', policy, signer.sign)
        const status = await sealStatus(
          { ...as, id: cam.id },
          {
            aud: iss,
            no,
            n: policy.n,
            ph: await envelopeHash(jws),
            signer: signer.publicKey,
            fw: 'test',
            watching: 0,
            waiting: [],
            head: { i: 0, h: cam.id },
          },
        )
        return { policy: jws, status }
      }
      more.beforePolicy?.()
      const next = claims(request.policy ?? '') as Policy
      if (next.n <= policy.n) return { refused: 'bad_epoch' }
      policy = next
      signer = kit.root
      kept = request.policy ?? ''
      if (lost) {
        lost = false
        return { hint: 'no_reply' }
      }
      const ack = { v: 1 as const, iss: cam.id, n: next.n, ph: await envelopeHash(kept), iat: 1 }
      return { ack: await seal('os1-ack', ack, as.sign) }
    }
    let kept = ''
    return answer as unknown as Asking
  }
  const restore = (ask: Asking, keep: string[]) =>
    restoreCamera(ask, {
      kit,
      camera: { camId: cam.id, key: cam.publicKey },
      device: { admin: device.admin.publicKey, view: device.view.publicKey },
      keep: new Set(keep),
    })
  const ids = (entries: readonly { k: PublicKey }[]) => Promise.all(entries.map(({ k }) => keyId(k)))

  it('is read from its line, its file and its words, and says what is wrong with it', async () => {
    const line = formatKit(seed, [cam.id])
    const words = seedToWords(seed)
    const file = ['Ownsight recovery kit', ...words.map((word, i) => `${i + 1} ${word}`), '', line, ''].join(
      '\n',
    )
    for (const text of [line, file, words.join(' ')]) assert.equal((await readKit(text)).root.id, kit.root.id)
    assert.deepEqual((await readKit(file)).camIds, [cam.id])
    await assert.rejects(readKit(line.slice(0, 30)), /This line is not whole/)
    await assert.rejects(readKit(words.slice(1).join(' ')), /not the 24 words/)
  })

  it('opens the list of its home, and no other', async () => {
    const entry = { camId: cam.id, key: cam.publicKey, name: 'Front door' }
    const other = await sealRoster(await rosterKey(newRootSeed()), [entry], 3)
    const sealed = await sealRoster(kit.roster, [entry], 3)
    const list = await openOwnList(kit, sealed, 0)
    assert.deepEqual([list.roster, list.missing], [[entry], 0])
    assert.equal((await openOwnList(kit, await sealRoster(kit.roster, [], 3), 0)).missing, 1)
    await assert.rejects(openOwnList(kit, other, 0), /not yours. Nothing was changed/)
    await assert.rejects(openOwnList(kit, sealed, 4), /an older list/)
    await assert.rejects(openOwnList(kit, null, 0), /no list of cameras/)
  })

  it('tells family from devices and from keys without a name', async () => {
    const people = [
      { view: anna.id, name: 'Anna' },
      { view: finder.view.id, admin: finder.admin.id, name: 'Phone' },
    ]
    const kinds = async () => (await standingOf(policy, people)).map(({ name, kind }) => [name, kind])
    assert.deepEqual(await kinds(), [
      ['Phone', 'device'],
      ['Anna', 'person'],
    ])
    people.pop()
    assert.equal((await kinds())[0]?.[1], 'unknown')
  })

  it('leaves one device that decides, and those who are to stay', async () => {
    assert.equal(await restore(camera(), [anna.id]), 'restored')
    assert.deepEqual(await ids(policy.admins), [device.admin.id])
    assert.deepEqual((await ids(policy.viewers)).sort(), [anna.id, device.view.id].sort())
    assert.deepEqual(policy.invites, [])
    assert.equal(policy.iss, kit.root.id)
  })

  it('does it once more on top of what somebody changed meanwhile', async () => {
    const friend = await generateKeyPair()
    let times = 0
    const beforePolicy = () => {
      if (times++ > 0) return
      policy = { ...policy, n: 40, viewers: [...policy.viewers, { k: friend.publicKey, r: ['view'] }] }
    }
    assert.equal(await restore(camera({ beforePolicy }), [anna.id]), 'restored')
    assert.equal(policy.n > 40, true)
    assert.equal((await ids(policy.viewers)).includes(friend.id), false)
  })

  it('believes no other key, and calls no camera restored that has not said so', async () => {
    assert.equal(await restore(camera({ as: await generateKeyPair() }), []), 'foreign')
    const hints = (async () => ({ hint: 'offline' })) as unknown as Asking
    assert.equal(await restore(hints, []), 'offline')
    assert.equal(await restore((async () => ({ refused: 'bad_key' })) as unknown as Asking, []), 'refused')
    const liar = camera()
    const mute = (async (kind: 'read', request: never) =>
      kind === 'read' ? liar(kind, request) : { ack: 'a.b.c' }) as unknown as Asking
    assert.equal(await restore(mute, []), 'foreign')
  })
})
