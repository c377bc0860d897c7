import { randomId } from './bytes.ts'
import { envelopeHash, openEnvelope, seal } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { PairMessage } from './events.ts'
import { type KeyPair, keyId, type PublicKey } from './ids.ts'
import type { Policy } from './messages.ts'
import { chain, checkPairMac, type PairingCode, pairingKeys, sealPairMessage } from './pairing.ts'
import { phrase } from './phrase.ts'

export type PairedCamera = {
  camId: string
  key: PublicKey
  /** four words that the camera shows too */
  phrase: string
  policy: string
  n: 1
}

export type OwnerPairing = {
  readonly rid: string
  /** Message 1. */
  readonly first: PairMessage
  /** Checks message 2, returns message 3. Throws ProtocolFault; nothing is pinned yet. */
  onSecond(message: PairMessage): Promise<PairMessage>
  /** Checks message 4. Only now may the camera's key be pinned. */
  onFourth(message: PairMessage): Promise<PairedCamera>
  /** In place of a lost message 4: the camera's own beacon that policy 1 of this pairing is in force. */
  onBeacon(beacon: string): Promise<PairedCamera>
}

/** The owner's side: SENT1 → VERIFIED2 → SENT3 → PINNED. One object, one pairing. */
export async function beginOwnerPairing(
  code: PairingCode,
  owner: { root: PublicKey; admin: KeyPair; view: KeyPair },
): Promise<OwnerPairing> {
  const keys = await pairingKeys(code.secret)
  const mac = { sign: owner.admin.sign, mac: keys.toCamera }
  const first = await sealPairMessage(
    'os1-pair1',
    {
      v: 1,
      rid: keys.rid,
      root: owner.root,
      admin: owner.admin.publicKey,
      view: owner.view.publicKey,
      no: randomId(),
    },
    mac,
  )
  const h1 = await envelopeHash(first.e)
  let sent: { cam: PublicKey; policy: string; h123: string } | undefined

  const finish = async (): Promise<PairedCamera> => {
    if (!sent) throw new ProtocolFault('not_offering', 'msg', 'start the pairing again')
    return { camId: code.camId, key: sent.cam, phrase: phrase(sent.h123), policy: sent.policy, n: 1 }
  }

  return {
    rid: keys.rid,
    first,
    async onSecond(message) {
      await checkPairMac('os1-pair2', message, keys.toOwner)
      const second = await openEnvelope('os1-pair2', message.e, async ({ cam }) =>
        (await keyId(cam)) === code.camId ? cam : undefined,
      )
      if (second.payload.rid !== keys.rid || second.payload.h1 !== h1)
        throw new ProtocolFault('bad_hash', 'h1', 'start the pairing again')
      const h12 = await chain(h1, second.hash)
      const policy = await seal('os1-policy', await firstPolicy(code.camId, owner), owner.admin.sign)
      const third = await sealPairMessage('os1-pair3', { v: 1, rid: keys.rid, h12, policy }, mac)
      sent = { cam: second.payload.cam, policy, h123: await chain(h12, await envelopeHash(third.e)) }
      return third
    },
    async onFourth(message) {
      if (!sent) throw new ProtocolFault('not_offering', 'msg', 'start the pairing again')
      const { cam, policy, h123 } = sent
      await checkPairMac('os1-pair4', message, keys.toOwner)
      const fourth = await openEnvelope('os1-pair4', message.e, () => cam)
      if (fourth.payload.rid !== keys.rid || fourth.payload.h123 !== h123)
        throw new ProtocolFault('bad_hash', 'h123', 'start the pairing again')
      const ack = await openEnvelope('os1-ack', fourth.payload.ack, () => cam)
      if (
        ack.payload.iss !== code.camId ||
        ack.payload.n !== 1 ||
        ack.payload.ph !== (await envelopeHash(policy))
      )
        throw new ProtocolFault('bad_hash', 'ack', 'start the pairing again')
      return finish()
    },
    async onBeacon(beacon) {
      if (!sent) throw new ProtocolFault('not_offering', 'msg', 'start the pairing again')
      const { cam, policy } = sent
      const { payload } = await openEnvelope('os1-beacon', beacon, () => cam)
      if (payload.iss !== code.camId || payload.n !== 1 || payload.ph !== (await envelopeHash(policy)))
        throw new ProtocolFault('bad_hash', 'ph', 'the camera was paired by somebody else: reset it')
      return finish()
    },
  }
}

const firstPolicy = async (
  cam: string,
  owner: { root: PublicKey; admin: KeyPair; view: KeyPair },
): Promise<Policy> => ({
  v: 1,
  cam,
  root: await keyId(owner.root),
  iss: owner.admin.id,
  n: 1,
  prev: null,
  iat: Math.floor(Date.now() / 1000),
  admins: [{ k: owner.admin.publicKey }],
  viewers: [{ k: owner.view.publicKey, r: ['view', 'audio', 'talk', 'snapshot', 'ptz'] }],
  hubs: [],
  invites: [],
  hubsEnabled: true,
  privacy: false,
})
