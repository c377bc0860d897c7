import { seal } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import { newPairingSecret } from '@ownsight/protocol/pairing'
import {
  type CameraPairing,
  type CameraPairingState,
  offerCameraPairing,
} from '@ownsight/protocol/pairing-camera'
import { beginOwnerPairing, type OwnerPairing } from '@ownsight/protocol/pairing-owner'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import { type Home, newHome, now } from './fixtures.ts'

/** Both ends of one pairing, with everything between them in the test's hands. */
export type Ceremony = {
  home: Home
  secret: Uint8Array<ArrayBuffer>
  camera: CameraPairing
  owner: OwnerPairing
  committed: { policy: PolicyInForce; jws: string }[]
  states: [CameraPairingState, string | undefined][]
  /** moves the camera's monotonic clock */
  pass(seconds: number): void
  /** the next commit fails like a full disk */
  breakDisk(): void
  beginOwner(keys?: Partial<Home>): Promise<OwnerPairing>
}

export const sealAck = (cam: KeyPair, n: number, ph: string): Promise<string> =>
  seal('os1-ack', { v: 1, iss: cam.id, n, ph, iat: now() }, cam.sign)

export async function newCeremony(): Promise<Ceremony> {
  const home = await newHome()
  const secret = newPairingSecret()
  const committed: Ceremony['committed'] = []
  const states: Ceremony['states'] = []
  let clock = 50_000
  let broken = false
  const camera = await offerCameraPairing({
    secret,
    cam: home.cam,
    fw: '0.1.0',
    now: () => clock,
    commit: async (policy, jws) => {
      if (broken) {
        broken = false
        throw new Error('ENOSPC')
      }
      committed.push({ policy, jws })
      return sealAck(home.cam, 1, policy.hash)
    },
    onState: (state, phrase) => states.push([state, phrase]),
  })
  const beginOwner = (keys: Partial<Home> = {}) => {
    const { root, admin, view } = { ...home, ...keys }
    return beginOwnerPairing({ secret, camId: home.cam.id }, { root: root.publicKey, admin, view })
  }
  return {
    home,
    secret,
    camera,
    owner: await beginOwner(),
    committed,
    states,
    pass: seconds => {
      clock += seconds
    },
    breakDisk: () => {
      broken = true
    },
    beginOwner,
  }
}
