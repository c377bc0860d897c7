import { type Bytes, randomId } from './bytes.ts'
import { claimedTyp, openEnvelope, type Verified } from './envelope.ts'
import { ProtocolFault } from './errors.ts'
import type { PairMessage } from './events.ts'
import type { KeyPair } from './ids.ts'
import { PAIRING_LIFETIME_S, PAIRING_MAX_BAD_MACS } from './limits.ts'
import { chain, checkPairMac, type PairingKeys, pairingKeys, sealPairMessage } from './pairing.ts'
import { phrase } from './phrase.ts'
import { openFirstPolicy, type PolicyInForce } from './policy.ts'

/** Leaves `offering` and `got1` only forward; `paired` and `burned` are final. */
export type CameraPairingState = 'offering' | 'got1' | 'paired' | 'burned'

export type CameraPairing = {
  readonly rid: string
  state(): CameraPairingState
  /** One message in, one out; messages are taken one after another. Throws ProtocolFault. */
  receive(message: PairMessage): Promise<PairMessage>
}

export type CameraPairingOptions = {
  secret: Bytes
  cam: KeyPair
  fw: string
  /** monotonic seconds */
  now: () => number
  /** Makes the pairing durable (file and folder) and returns the signed `os1-ack`; until it resolves nothing is paired. */
  commit: (paired: PolicyInForce, policy: string, signer: { x: string; y: string }) => Promise<string>
  onState?: (state: CameraPairingState, phrase?: string) => void
}

/** The camera's side: OFFERING → GOT1 → PAIRED, or burned. */
export async function offerCameraPairing(options: CameraPairingOptions): Promise<CameraPairing> {
  const keys = await pairingKeys(options.secret)
  const started = options.now()
  let state: CameraPairingState = 'offering'
  let badMacs = 0
  let got1: { first: Verified<'os1-pair1'>; second: PairMessage; h12: string } | undefined
  let done: { hash: string; fourth: PairMessage } | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const enter = (next: CameraPairingState, words?: string) => {
    state = next
    options.onState?.(next, words)
  }
  const final = (): boolean => state === 'paired' || state === 'burned'
  const burn = (): ProtocolFault => {
    enter('burned')
    return new ProtocolFault('interrupted', 'code', 'pairing was interrupted: start it again on the camera')
  }

  async function onFirst(message: PairMessage): Promise<PairMessage> {
    const first = await openEnvelope('os1-pair1', message.e, claims => claims.admin)
    if (first.payload.rid !== keys.rid) throw new ProtocolFault('bad_hash', 'rid', 'start the pairing again')
    // A second, different message under the same code: someone else has the code too.
    if (got1 && got1.first.hash !== first.hash) throw burn()
    if (got1) return got1.second
    const second = await sealSecond(keys, options, first.hash)
    got1 = { first, second: second.message, h12: second.h12 }
    enter('got1')
    return second.message
  }

  async function onThird(message: PairMessage): Promise<PairMessage> {
    if (!got1) throw new ProtocolFault('not_offering', 'msg', 'send message 1 first')
    const { admin, root, view } = got1.first.payload
    const third = await openEnvelope('os1-pair3', message.e, () => admin)
    if (third.payload.rid !== keys.rid || third.payload.h12 !== got1.h12)
      throw new ProtocolFault('bad_hash', 'h12', 'start the pairing again')
    if (done && done.hash === third.hash) return done.fourth
    if (done) throw new ProtocolFault('paired', 'msg', 'this camera is paired: reset it on the camera itself')
    const expected = { cam: options.cam.id, root, admin, view }
    const policy = await openFirstPolicy(third.payload.policy, expected)
    const h123 = await chain(got1.h12, third.hash)
    const ack = await options.commit(policy, third.payload.policy, admin)
    const fourth = await sealPairMessage(
      'os1-pair4',
      { v: 1, rid: keys.rid, h123, ack },
      { sign: options.cam.sign, mac: keys.toOwner },
    )
    done = { hash: third.hash, fourth }
    enter('paired', phrase(h123))
    return fourth
  }

  async function take(message: PairMessage): Promise<PairMessage> {
    if (state === 'burned') throw burnt()
    if (options.now() - started > PAIRING_LIFETIME_S) throw state === 'paired' ? burnt() : burn()
    const typ = claimedTyp(message.e)
    if (typ !== 'os1-pair1' && typ !== 'os1-pair3')
      throw new ProtocolFault('bad_type', 'typ', 'send os1-pair1 or os1-pair3')
    try {
      await checkPairMac(typ, message, keys.toCamera)
    } catch (error) {
      if (!final() && ++badMacs >= PAIRING_MAX_BAD_MACS) throw burn()
      throw error
    }
    if (typ === 'os1-pair1' && done)
      throw new ProtocolFault('paired', 'msg', 'this camera is paired: reset it on the camera itself')
    try {
      return await (typ === 'os1-pair1' ? onFirst(message) : onThird(message))
    } catch (error) {
      // Someone who holds the code sent something wrong: the code is no secret any more.
      if (error instanceof ProtocolFault && !final()) enter('burned')
      throw error
    }
  }

  return {
    rid: keys.rid,
    state: () => state,
    receive(message) {
      const result = turn.then(() => take(message))
      turn = result.catch(() => undefined)
      return result
    },
  }
}

const burnt = () =>
  new ProtocolFault('interrupted', 'code', 'this code is used up: start pairing again on the camera')

async function sealSecond(keys: PairingKeys, { cam, fw }: CameraPairingOptions, h1: string) {
  const message = await sealPairMessage(
    'os1-pair2',
    { v: 1, rid: keys.rid, cam: cam.publicKey, nc: randomId(), h1, fw },
    { sign: cam.sign, mac: keys.toOwner },
  )
  const { hash } = await openEnvelope('os1-pair2', message.e, () => cam.publicKey)
  return { message, h12: await chain(h1, hash) }
}
