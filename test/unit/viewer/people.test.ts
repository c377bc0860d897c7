import assert from 'node:assert/strict'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { ALL_RIGHTS } from '@ownsight/protocol/policy-change'
import { invitationsOf, named, peopleOf, rightsSentence } from '../../../viewer/src/people.ts'
import { firstPolicy, newHome } from '../protocol/fixtures.ts'

describe('viewer: people', () => {
  it('shows who may watch under the names the owner gave, and what is under way', async () => {
    const [home, anna, phone, phoneAdmin, invite] = [
      await newHome(),
      await generateKeyPair(),
      await generateKeyPair(),
      await generateKeyPair(),
      await generateKeyPair(),
    ]
    const policy = firstPolicy(home, {
      admins: [{ k: home.admin.publicKey }, { k: phoneAdmin.publicKey }],
      viewers: [
        { k: home.view.publicKey, r: [...ALL_RIGHTS] },
        { k: anna.publicKey, r: ['view'], exp: 2_000_000_000 },
        { k: phone.publicKey, r: [...ALL_RIGHTS] },
      ],
      invites: [{ k: invite.publicKey, r: ['view'], exp: 2_000_000_000 }],
    })
    const removal = {
      id: 1,
      cam: home.cam.id,
      changes: [{ op: 'remove' as const, k: anna.id }],
      label: 'Anna removed',
      since: 0,
      unsure: false,
    }
    const known = {
      people: [
        { view: anna.id, name: 'Anna' },
        { view: phone.id, admin: phoneAdmin.id, name: 'Phone' },
      ],
      own: { view: home.view.id, admin: home.admin.id },
      pending: [removal],
    }
    const people = await peopleOf(policy, known)
    assert.deepEqual(
      people.map(({ name, admin, self, pending, until }) => ({
        name,
        admin,
        self,
        pending: pending?.label,
        until,
      })),
      [
        {
          name: 'This device',
          admin: home.admin.id,
          self: true,
          pending: undefined,
          until: undefined,
        },
        { name: 'Anna', admin: undefined, self: false, pending: 'Anna removed', until: 2_000_000_000 },
        { name: 'Phone', admin: phoneAdmin.id, self: false, pending: undefined, until: undefined },
      ],
    )
    const [unnamed] = await invitationsOf(policy, known)
    assert.match(unnamed?.name ?? '', /^Unnamed/)
  })

  it('a name moves from the invitation to the device that was let in', () => {
    const people = [{ view: 'invitation', name: 'Grandma' }]
    assert.deepEqual(named(people, { view: 'device', name: 'Grandma' }, 'invitation'), [
      { view: 'device', name: 'Grandma' },
    ])
  })

  it('says rights in words', () => {
    assert.equal(rightsSentence(['view']), 'May watch')
    assert.equal(rightsSentence(['view', 'audio', 'ptz']), 'May watch, listen and move the camera')
    assert.equal(rightsSentence([]), 'May do nothing')
  })
})
