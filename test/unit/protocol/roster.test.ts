import assert from 'node:assert/strict'
import { concat, fromBase64url, randomBytes, toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { NAME_MAX_LENGTH, POLICY_MAX_ENTRIES, ROSTER_MAX_BYTES } from '@ownsight/protocol/limits'
import { newRootSeed, rosterKey } from '@ownsight/protocol/recovery'
import { openRoster, type Roster, sealRoster } from '@ownsight/protocol/roster'
import { faults, strayBit } from './fixtures.ts'

describe('protocol: roster', () => {
  let kR: CryptoKey
  let entries: Roster
  before(async () => {
    kR = await rosterKey(newRootSeed())
    const cams = await Promise.all([generateKeyPair(), generateKeyPair()])
    entries = cams.map(({ id, publicKey }) => ({ camId: id, key: publicKey, name: 'Front door' }))
  })
  /** Anything at all, written by a holder of kR. */
  async function written(plain: string): Promise<string> {
    const iv = randomBytes(12)
    const additionalData = utf8('os1 roster')
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, kR, utf8(plain))
    return toBase64url(concat(iv, new Uint8Array(sealed)))
  }

  it('comes back as it was sealed, two cameras with one name included', async () => {
    assert.deepEqual(await openRoster(kR, await sealRoster(kR, entries, 3), 3), {
      version: 3,
      roster: entries,
      people: [],
    })
  })

  it('names people too, and takes a list from before there were any', async () => {
    const view = entries[0]?.camId ?? ''
    const people = [{ view, admin: view, name: 'Kitchen tablet' }]
    assert.deepEqual((await openRoster(kR, await sealRoster(kR, entries, 3, people), 3)).people, people)
    assert.deepEqual((await openRoster(kR, await written('{"version":3,"roster":[]}'), 3)).people, [])
  })

  it('has room for four people for each entry of a policy', async () => {
    const view = entries[0]?.camId ?? ''
    const people = (count: number) => Array.from({ length: count }, () => ({ view, name: 'x' }))
    const sealed = await sealRoster(kR, [], 1, people(POLICY_MAX_ENTRIES * 4))
    assert.equal((await openRoster(kR, sealed, 1)).people.length, POLICY_MAX_ENTRIES * 4)
    await assert.rejects(sealRoster(kR, [], 1, people(POLICY_MAX_ENTRIES * 4 + 1)))
  })

  it('shows the server nothing but its length', async () => {
    const sealed = Buffer.from(await sealRoster(kR, entries, 1), 'base64url').toString('latin1')
    assert.ok(!sealed.includes('Front door'))
    assert.notEqual(await sealRoster(kR, entries, 1), await sealRoster(kR, entries, 1))
  })

  it('attack 33: what another key wrote is not believed', async () => {
    const foreign = await sealRoster(await rosterKey(newRootSeed()), entries, 9)
    await faults('bad_mac', () => openRoster(kR, foreign, 0), 'roster')
  })

  it('a change of any byte is bad_mac', async () => {
    const sealed = fromBase64url(await sealRoster(kR, entries, 1))
    for (let i = 0; i < sealed.length; i += 7) {
      const other = sealed.slice()
      other[i]! ^= 1
      await faults('bad_mac', () => openRoster(kR, toBase64url(other), 0))
    }
    await faults('bad_mac', () => openRoster(kR, '', 0))
    await faults('bad_mac', () => openRoster(kR, toBase64url(sealed.slice(0, 12)), 0))
  })

  it('an older version than this device has seen is bad_epoch', async () => {
    const sealed = await sealRoster(kR, entries, 4)
    await faults('bad_epoch', () => openRoster(kR, sealed, 5), 'version')
    assert.equal((await openRoster(kR, sealed, 4)).version, 4)
  })

  it('an entry whose id is not the thumbprint of its key is bad_key', async () => {
    const [first, second] = entries
    if (!first || !second) throw new Error('two entries')
    await faults('bad_key', async () =>
      openRoster(kR, await sealRoster(kR, [{ ...first, key: second.key }], 1), 0),
    )
  })

  it('a camera listed twice is bad_key', async () => {
    const twice = [...entries, { ...entries[0]!, name: 'Garden' }]
    await faults('bad_key', async () => openRoster(kR, await sealRoster(kR, twice, 1), 0))
  })

  it('refuses unknown members, other shapes and what is not JSON', async () => {
    for (const plain of [
      JSON.stringify({ version: 1, roster: entries, extra: 1 }),
      JSON.stringify({ version: 1, roster: [{ ...entries[0], extra: 1 }] }),
      JSON.stringify({ version: 0, roster: entries }),
      JSON.stringify({ version: 1, roster: [{ ...entries[0], name: '' }] }),
      JSON.stringify({
        version: 1,
        roster: [{ ...entries[0], key: { x: strayBit(entries[0]!.key.x), y: entries[0]!.key.y } }],
      }),
      JSON.stringify({ version: 1, roster: Array.from({ length: 65 }, () => entries[0]) }),
      'null',
      '{',
    ])
      await faults('bad_form', async () => openRoster(kR, await written(plain), 0))
  })

  it('takes a text of just the length that is allowed for what it is', () =>
    faults('bad_mac', () => openRoster(kR, 'A'.repeat(ROSTER_MAX_BYTES), 0), 'roster'))

  it('refuses an overlong text before decoding it, and another alphabet', async () => {
    await faults('limit', () => openRoster(kR, 'A'.repeat(ROSTER_MAX_BYTES + 1), 0), 'roster')
    await faults('bad_form', () => openRoster(kR, '++++', 0))
  })

  it('will not seal a name that is empty or too long', async () => {
    for (const name of ['', '   ', 'x'.repeat(NAME_MAX_LENGTH + 1)])
      await assert.rejects(sealRoster(kR, [{ ...entries[0]!, name }], 1))
  })
})
