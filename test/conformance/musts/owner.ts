import { type Must, rowsOf } from '../must.ts'

const unit = 'test/unit/protocol'
const invite = rowsOf('protocol/src/invite.ts', `${unit}/invite.test.ts`)
const read = rowsOf('protocol/src/read.ts', `${unit}/read.test.ts`)
const release = rowsOf('protocol/src/release.ts', `${unit}/read.test.ts`)
const join = rowsOf('protocol/src/join.ts', `${unit}/join.test.ts`)
const log = rowsOf('protocol/src/log-chain.ts', `${unit}/log-chain.test.ts`)
const change = rowsOf('protocol/src/policy-change.ts', `${unit}/policy-change.test.ts`)
const guests = rowsOf('signaling/src/guests.ts', 'test/unit/signaling/guests.test.ts')
const joins = rowsOf('signaling/src/join.ts', 'test/unit/signaling/guests.test.ts')

/** PROTOCOL.md §12 and §13. */
export const ownerMusts: readonly Must[] = [
  invite(
    'M-12.1',
    'the lookup of the invite key in the policy',
    'claims => policy.invites.get(claims.iss)?.k,',
    'claims => policy.invites.get(claims.iss)?.k ?? claims.view,',
    'an invitation that the policy does not name',
  ),
  invite('M-12.2', 'the times of an invitation', 'withinTime(entry, clock)', '', 'after its end, before its'),
  invite('M-12.3', 'the window', 'if (!windows.includes(win))', 'if (false)', 'an old redemption'),
  invite(
    'M-12.4',
    'the owner of the view key: whoever signs the proof',
    'claims => (claims.iss === viewId ? view : undefined)',
    'claims => (claims.iss === viewId ? view : view)',
    'the server swaps the guest’s key',
  ),
  invite(
    'M-12.4',
    'the invitation in the proof',
    'proof.payload.inv !== iss || ',
    '',
    'a proof of the key for',
  ),
  invite('M-12.4', 'the window in the proof', ' || proof.payload.win !== win', '', 'a proof of the key for'),
  invite('M-12.5', 'the test of the view key', 'await importPublicKey(view)', '', 'no point on the curve'),
  invite(
    'M-12.6',
    'the refusal of a key that is known',
    'if (policy.viewers.has(viewId) || policy.admins.has(viewId) || policy.invites.has(viewId))',
    'if (false)',
    'let in already redeems nothing',
  ),
  invite(
    'M-12.7',
    'the thumbprint of the key that comes with the receipt',
    '(await keyId(claims.cam)) === expected.camId',
    'true',
    'the guest pins the key',
  ),
  invite(
    'M-12.7',
    'the invitation in the receipt',
    'if (payload.inv !== expected.invite)',
    'if (false)',
    'the guest pins the key',
  ),
  read(
    'M-12.8',
    'the list of admins: a viewer may ask',
    'policy.admins.get(iss)',
    '(policy.admins.get(iss) ?? policy.viewers.get(iss)?.k)',
    'admins and root may ask',
  ),
  read(
    'M-12.9',
    'the nonce of the question',
    'if (status.payload.no !== no)',
    'if (false)',
    'an answer to another question',
  ),
  read(
    'M-12.9',
    'the hash in the answer',
    'if (policy.hash !== ph)',
    'if (false)',
    'a document the camera does not vouch for',
  ),
  read(
    'M-12.9',
    'the signer the camera names',
    'iss === signerId ? signer : undefined',
    'iss === signerId ? signer : policy?.payload.admins[0]?.k',
    'a document the camera does not vouch for',
  ),
  read(
    'M-12.9',
    'the name of the camera in the document',
    'if (policy.payload.cam !== camId)',
    'if (false)',
    'a document the camera does not vouch for',
  ),
  read(
    'M-12.10',
    'the hash of an ack',
    'if (payload.ph !== ph)',
    'if (false)',
    'an ack counts for the document',
  ),
  release(
    'M-12.11',
    'the number in a release',
    'if (payload.n !== policy.policy.n)',
    'if (false)',
    'of the policy in force',
  ),
  release(
    'M-12.11',
    'the hash in a release',
    'if (payload.ph !== policy.hash)',
    'if (false)',
    'of the policy in force',
  ),
  release(
    'M-12.12',
    'the hash in the receipt of a release',
    'if (payload.ph !== ph)',
    'if (false)',
    'only the camera itself can say',
  ),
  join(
    'M-12.13',
    'the thumbprint in the code',
    '(await keyId(admin)) === code.admin ? admin : undefined',
    'admin',
    'message 2 by another device',
  ),
  join('M-12.13', 'the hash in message 2', ' || second.payload.h1 !== h1', '', 'message 2 by another device'),
  join(
    'M-12.14',
    'the end of a code that two devices read',
    'if (got1 && got1.h1 !== first.hash) throw burn()',
    '',
    'a second device with the code',
  ),
  join(
    'M-12.14',
    'the count of bad MACs',
    "if (state !== 'joined' && ++badMacs >= PAIRING_MAX_BAD_MACS) throw burn()",
    '',
    'five tries burn it',
  ),
  join(
    'M-12.14',
    'the ten minutes',
    'if (options.now() - started > PAIRING_LIFETIME_S) throw burn()',
    '',
    'good for ten minutes',
  ),
  join('M-12.15', 'the hash in message 3', ' || third.payload.h12 !== h12', '', 'name another transcript'),
  join('M-12.15', 'the hash in message 4', ' || fourth.payload.h123 !== h123', '', 'name another transcript'),
  change(
    'M-12.16',
    'the former admins that root takes out',
    'const policy = { ...current.policy, admins: [] }',
    'const { policy } = current',
    'root beats every admin',
  ),
  change(
    'M-12.17',
    'the need of an admin in a change',
    'if (draft.admins.length === 0)',
    'if (false)',
    'the last admin cannot leave',
  ),
  guests(
    'M-4.11',
    'the owner of the camera a guest is invited to',
    "    .where('account', '=', account.id)\n    .executeTakeFirst()\n  if (!mine)",
    '    .executeTakeFirst()\n  if (!mine)',
    'only its own cameras are given away',
  ),
  joins(
    'M-4.12',
    'the account of a second device',
    'found?.account === account ? found : undefined',
    'found',
    'joins two devices of one account',
  ),
  log('M-13.1', 'the hash of the line before', ' || entry.ph !== place.h', '', 'a number or a hash alone'),
  log('M-13.1', 'the number of the line', 'entry.i !== place.i || ', '', 'a number or a hash alone'),
  log('M-13.2', "the camera's id in the first hash", '\\0$' + '{camId}`', '`', 'the log of another camera'),
  log(
    'M-13.3',
    'the refusal of unknown members',
    'v.strictObject({ i: count',
    'v.looseObject({ i: count',
    'no line',
  ),
  log(
    'M-13.4',
    'the sight of a shorter log',
    "if (now.i < seen.i) return 'shorter'",
    '',
    'a log that got shorter',
  ),
  log(
    'M-13.4',
    'the sight of another log',
    "now.h === seen.h ? 'same' : 'forked'",
    "'same'",
    'a log that got shorter',
  ),
  log(
    'M-13.5',
    'the camera that signs a head',
    'claims => (claims.iss === camId ? pin : undefined)',
    '() => pin',
    'a head is the camera’s word',
  ),
]
