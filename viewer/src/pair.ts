import { ProtocolFault } from '@ownsight/protocol/errors'
import type { PairMessage } from '@ownsight/protocol/events'
import { parsePairingCode } from '@ownsight/protocol/pairing'
import { beginOwnerPairing, type OwnerPairing, type PairedCamera } from '@ownsight/protocol/pairing-owner'
import { rootKeyPair, rosterKey } from '@ownsight/protocol/recovery'
import type { Home } from './home.ts'

/** Why a pairing did not come about; the message is the sentence to show. */
export class PairFault extends Error {
  override readonly name = 'PairFault'
}

const SENTENCES: { [code: string]: string } = {
  no_rendezvous: 'No camera waits with this code. Is it on, online, and is the code the one it shows now?',
  offline: 'The camera is not connected.',
  no_reply: 'The camera did not answer. Try again.',
  rate: 'Too many tries. Wait a minute.',
  interrupted:
    'Pairing was interrupted, and the code is used up. Someone else may have seen it. Start again on the camera.',
  bad_mac: 'This is not the code the camera shows now.',
  paired: 'This camera is paired already. To pair it anew, reset it on the camera itself.',
}

/** Makes root's public half and the roster key from the kit's seed, once per account. */
export async function createOwner(home: Home, seed: Uint8Array<ArrayBuffer>): Promise<void> {
  const [root, roster] = await Promise.all([rootKeyPair(seed), rosterKey(seed)])
  await home.keystore.saveOwner({ root: root.publicKey, roster })
  // Asked, not waited for: Firefox lets the person decide, and pairing works either way.
  void navigator.storage?.persist?.().catch(() => false)
}

/** The ceremony with the camera's code, to the pinned entry in the sealed list. @throws PairFault */
export async function pairCamera(home: Home, code: string, name: string): Promise<PairedCamera> {
  const owner = await home.owner()
  if (!owner) throw new PairFault('Make the recovery kit first.')
  try {
    const { admin, view } = home.device
    const parsed = parsePairingCode(code)
    const pairing = await beginOwnerPairing(parsed, { root: owner.root, admin, view })
    const third = await pairing.onSecond(await say(home, pairing, pairing.first))
    const paired = await finish(home, pairing, third, parsed.camId)
    await home.addCamera({ camId: paired.camId, key: paired.key, name })
    await home.keystore.savePhrase(paired.camId, paired.phrase)
    return paired
  } catch (error) {
    if (error instanceof PairFault) throw error
    if (error instanceof ProtocolFault && error.field === 'code')
      throw new PairFault('This is not a pairing code. Copy all of it, from os1: to its end.')
    if (error instanceof ProtocolFault)
      throw new PairFault('What answered is not the camera of this code. Nothing was paired.')
    throw error
  }
}

async function say(home: Home, pairing: OwnerPairing, msg: PairMessage): Promise<PairMessage> {
  const reply = await home.signaling.request('pair', { rid: pairing.rid, msg })
  if ('msg' in reply) return reply.msg
  const code = 'refused' in reply ? reply.refused : reply.hint
  throw new PairFault(SENTENCES[code] ?? 'The camera refused this pairing. Start again on the camera.')
}

/**
 * Message 3 is sent again when its answer is lost; the camera gives an identical one the identical answer. When no answer
 * comes at all, the camera's own beacon says whether this pairing is in force (PROTOCOL.md §5).
 */
async function finish(
  home: Home,
  pairing: OwnerPairing,
  third: PairMessage,
  camId: string,
): Promise<PairedCamera> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await pairing.onFourth(await say(home, pairing, third))
    } catch (error) {
      if (!(error instanceof PairFault)) throw error
      const paired = await byBeacon(home, pairing, camId)
      if (paired) return paired
      if (attempt === 2) throw error
    }
  }
}

/** The camera of the code, paired by just this ceremony; undefined when its beacon does not say so, or none comes. */
async function byBeacon(home: Home, pairing: OwnerPairing, camId: string): Promise<PairedCamera | undefined> {
  const reply = await home.signaling.request('beacon', { cam: camId })
  if ('hint' in reply) return undefined
  return pairing.onBeacon(reply.beacon).catch(() => undefined)
}
