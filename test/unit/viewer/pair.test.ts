import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import type { PairMessage } from '@ownsight/protocol/events'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { formatPairingCode } from '@ownsight/protocol/pairing'
import type { Home } from '../../../viewer/src/home.ts'
import { PairFault, pairCamera } from '../../../viewer/src/pair.ts'
import { type Ceremony, newCeremony } from '../protocol/ceremony.ts'

describe('viewer: pairing', () => {
  let ceremony: Ceremony
  beforeEach(async () => {
    ceremony = await newCeremony()
  })
  const code = () => formatPairingCode({ secret: ceremony.secret, camId: ceremony.home.cam.id })

  /** The camera hears everything; its last message is lost, and `beacon` is what the server shows afterwards. */
  function homeWith(beacon: () => Promise<{ beacon: string } | { hint: string }>) {
    const added: string[] = []
    const { root, admin, view } = ceremony.home
    let messages = 0
    const request = async (kind: string, { msg }: { msg: PairMessage }) => {
      if (kind === 'beacon') return beacon()
      const reply = await ceremony.camera.receive(msg)
      return ++messages === 1 ? { msg: reply } : { hint: 'no_reply' }
    }
    const home = {
      device: { admin, view },
      owner: async () => ({ root: root.publicKey }),
      signaling: { request },
      keystore: { savePhrase: async () => undefined },
      addCamera: async ({ camId }: { camId: string }) => void added.push(camId),
    }
    return { home: home as unknown as Home, added }
  }
  const beaconOf = async (ph: string, key = ceremony.home.cam) => ({
    beacon: await seal(
      'os1-beacon',
      { v: 1, iss: ceremony.home.cam.id, win: randomId(), n: 1, ph, fw: 'test', iat: 1 },
      key.sign,
    ),
  })

  it("is completed by the camera's beacon when message 4 is lost", async () => {
    const { home, added } = homeWith(() => beaconOf(ceremony.committed[0]?.policy.hash ?? ''))
    const paired = await pairCamera(home, code(), 'Front door')
    assert.deepEqual(added, [ceremony.home.cam.id])
    assert.equal(paired.phrase, ceremony.states.at(-1)?.[1])
  })

  it('is not completed by a beacon of another key, or of another policy', async () => {
    const stranger = await generateKeyPair()
    const beacons = [
      () => beaconOf(ceremony.committed[0]?.policy.hash ?? '', stranger),
      () => beaconOf(ceremony.home.cam.id),
      async () => ({ hint: 'offline' }),
    ]
    for (const beacon of beacons) {
      ceremony = await newCeremony()
      const { home, added } = homeWith(beacon)
      await assert.rejects(pairCamera(home, code(), 'Front door'), PairFault)
      assert.deepEqual(added, [])
    }
  })
})
