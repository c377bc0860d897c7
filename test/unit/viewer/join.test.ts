import assert from 'node:assert/strict'
import type { Delivery, Reply } from '@ownsight/protocol/events'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { PolicyChange } from '@ownsight/protocol/policy-change'
import { newRootSeed, rootKeyPair, rosterKey } from '@ownsight/protocol/recovery'
import type { People, Roster } from '@ownsight/protocol/roster'
import { devicesOf } from '../../../viewer/src/devices.ts'
import type { Home } from '../../../viewer/src/home.ts'
import { JoinFault, joinByCode, offerToDevice } from '../../../viewer/src/join.ts'
import type { OwnerKeys } from '../../../viewer/src/keystore.ts'
import type { Operation } from '../../../viewer/src/operation.ts'
import { firstPolicy, newHome } from '../protocol/fixtures.ts'

type Answer = (delivery: Delivery<'join'>) => Promise<Reply<'join'>>

/** Two devices of one account and the little of a server that joins them. */
async function newPair() {
  const cam = await generateKeyPair()
  const roster: Roster = [{ camId: cam.id, key: cam.publicKey, name: 'Front door' }]
  const list = { people: [] as People }
  const kept: PolicyChange[] = []
  const seed = newRootSeed()
  const owner = { root: (await rootKeyPair(seed)).publicKey, roster: await rosterKey(seed) }
  const wire: { answer: Answer | undefined; lose: number } = { answer: undefined, lose: 0 }

  async function device(keys: OwnerKeys | undefined) {
    const store = { owner: keys }
    const pair: { admin: KeyPair; view: KeyPair } = {
      admin: await generateKeyPair(),
      view: await generateKeyPair(),
    }
    const home = {
      device: pair,
      owner: async () => store.owner,
      keystore: {
        async saveOwner(saved: OwnerKeys) {
          store.owner = saved
        },
      },
      connection: {
        subscribe(tell: (state: string) => void) {
          tell('online')
          return () => undefined
        },
      },
      roster: { value: roster },
      policies: {
        keep: async (_: string, changes: PolicyChange[]) => void kept.push(...changes),
        deliverAll: async () => undefined,
      },
      reloadList: async () => undefined,
      async updateList(change: (content: { roster: Roster; people: People }) => { people: People }) {
        list.people = change({ roster, people: list.people }).people
      },
      signaling: {
        onJoin(next: Answer) {
          wire.answer = next
          return () => {
            wire.answer = undefined
          }
        },
        async request(kind: string, request: Delivery<'join'>) {
          if (kind === 'hold') return { ok: true }
          const reply = (await wire.answer?.(request)) ?? { hint: 'no_rendezvous' }
          return wire.lose-- > 0 ? { hint: 'no_reply' } : reply
        },
      },
    }
    return { home: home as unknown as Home, store, pair }
  }
  return { first: await device(owner), second: await device(undefined), owner, list, kept, wire }
}

describe('viewer: a second device', () => {
  let pair: Awaited<ReturnType<typeof newPair>>
  let page: AbortController
  beforeEach(async () => {
    pair = await newPair()
    page = new AbortController()
  })
  afterEach(() => page.abort())
  async function shown() {
    const offer = await offerToDevice(pair.first.home, page.signal)
    assert.ok(offer.value.state === 'waiting')
    return { offer, code: offer.value.code }
  }
  const says = (text: RegExp) => (error: unknown) => error instanceof JoinFault && text.test(error.message)

  it('gets the keys of the list and of root, and every camera is asked to obey it first', async () => {
    const { offer, code } = await shown()
    const { phrase } = await joinByCode(pair.second.home, code, 'Tablet')
    assert.ok(offer.value.state === 'joined' && offer.value.phrase === phrase)
    assert.deepEqual(pair.second.store.owner?.root, pair.owner.root)
    const raw = async (key: CryptoKey | undefined) =>
      key && Buffer.from(await crypto.subtle.exportKey('raw', key)).toString('hex')
    assert.equal(await raw(pair.second.store.owner?.roster), await raw(pair.owner.roster))
    const { admin, view } = pair.second.pair
    assert.deepEqual(pair.kept, [{ op: 'add-admin', admin: admin.publicKey, view: view.publicKey }])
    assert.deepEqual(pair.list.people, [{ view: view.id, admin: admin.id, name: 'Tablet' }])
  })

  it('a lost last message is asked for again, and adds nothing twice', async () => {
    const { code } = await shown()
    const ask = pair.second.home.signaling.request
    let messages = 0
    const lossy = async (kind: never, request: never) => {
      if (++messages === 2) pair.wire.lose = 1
      return ask(kind, request)
    }
    ;(pair.second.home.signaling as { request: unknown }).request = lossy
    await joinByCode(pair.second.home, code, 'Tablet')
    assert.equal(messages, 3)
    assert.equal(pair.kept.length, 1)
  })

  it('a code is refused when it was used, is no code, or its page was left', async () => {
    const { code } = await shown()
    await assert.rejects(joinByCode(pair.second.home, 'os1:abc', 'x'), says(/not a code for a device/))
    await joinByCode(pair.second.home, code, 'Tablet')
    await assert.rejects(joinByCode(pair.second.home, code, 'Tablet'), says(/was used already/))
    page.abort()
    await assert.rejects(joinByCode(pair.second.home, code, 'Tablet'), says(/No device waits/))
  })

  it('a code that somebody else read first is void, and both are told', async () => {
    const { offer, code } = await shown()
    const third = (await newPair()).second
    const { admin, view } = third.pair
    const { beginJoin, parseJoinCode } = await import('@ownsight/protocol/join')
    const theirs = await beginJoin(parseJoinCode(code), { admin, view })
    await pair.wire.answer?.({ rid: theirs.rid, msg: theirs.first })
    await assert.rejects(joinByCode(pair.second.home, code, 'Tablet'), says(/somebody else used it/))
    assert.ok(offer.value.state === 'over' && /void/.test(offer.value.sentence))
    assert.deepEqual(pair.kept, [])
  })

  it('only a browser with keys that can be handed on shows a code', async () => {
    await assert.rejects(offerToDevice(pair.second.home, page.signal), says(/holds no keys/))
    const fixed = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt'])
    pair.first.store.owner = { root: pair.owner.root, roster: fixed }
    await assert.rejects(offerToDevice(pair.first.home, page.signal), says(/recovery kit/))
  })
})

describe('viewer: my devices', () => {
  it('are those the cameras have confirmed, and those they have yet to', async () => {
    const home = await newHome()
    const [phone, tablet, tabletView] = [
      await generateKeyPair(),
      await generateKeyPair(),
      await generateKeyPair(),
    ]
    const policy = firstPolicy(home, { admins: [{ k: home.admin.publicKey }, { k: phone.publicKey }] })
    const operation = (changes: PolicyChange[]): Operation => ({
      id: 1,
      cam: home.cam.id,
      changes,
      label: '',
      since: 0,
      unsure: false,
    })
    const add = { op: 'add-admin' as const, admin: tablet.publicKey, view: tabletView.publicKey }
    const pending = [operation([add]), operation([{ op: 'remove', k: phone.id }])]
    const devices = await devicesOf(
      [
        { name: 'Front door', policy: { inForce: { policy } as never, pending: [] } },
        { name: 'Garage', policy: { inForce: { policy } as never, pending } },
      ],
      {
        people: [{ view: tabletView.id, admin: tablet.id, name: 'Tablet' }],
        own: { admin: home.admin.id, view: home.view.id },
      },
    )
    assert.deepEqual(
      devices.map(({ name, self, cameras }) => [name, self, cameras.map(({ state }) => state)]),
      [
        ['This device', true, ['confirmed', 'confirmed']],
        [`A device you have not named (${phone.id.slice(0, 4)}…)`, false, ['confirmed', 'removing']],
        ['Tablet', false, ['adding']],
      ],
    )
  })
})
