import assert from 'node:assert/strict'
import { seal } from '@ownsight/protocol/envelope'
import { ProtocolFault } from '@ownsight/protocol/errors'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import type { PairedCamera } from '@ownsight/protocol/pairing-owner'
import { newRootSeed, rosterKey } from '@ownsight/protocol/recovery'
import { openRoster, sealRoster } from '@ownsight/protocol/roster'
import { openBeacon, sealOffer } from '@ownsight/protocol/session'
import type { Socket } from 'socket.io-client'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { connectViewer, createOwner, type Owner, pairCamera, readPolicy } from '../support/owner.ts'
import { recordedOffers } from '../support/recorded-sdp.ts'
import { runSignaling, startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { type ApiClient, apiClient } from '../support/signaling-client.ts'

const NAME = 'Anna'
const NEXT = 'a password of the finder'
const sdp = recordedOffers.find(({ name }) => name === 'chromium-offer')?.sdp ?? ''

/** What a reset account is worth to whoever gets it: a knock at a door that stays shut. */
describe('an account that was reset gives no camera', function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let agent: TestAgent
  let owner: Owner
  let camera: PairedCamera
  /** The browser of whoever used the reset code: signed in, with keys of its own. */
  let finder: { api: ApiClient; socket: Socket; admin: KeyPair; view: KeyPair }

  before(async () => {
    signaling = await startTestSignaling()
    agent = startAgent({ server: signaling.origin })
    owner = await createOwner(signaling.origin, { token: signaling.setupToken }, NAME)
    camera = await pairCamera(owner, await agent.code())
    await agent.report(isServing)
    const kR = await rosterKey(newRootSeed())
    const list = [{ camId: camera.camId, key: camera.key, name: 'Front door' }]
    const sealed = await sealRoster(kR, list, 1)
    assert.equal((await owner.request('PUT', '/api/roster', { version: 1, sealed })).status, 204)
    finder = await useResetCode()
  })
  after(async () => {
    finder?.socket.disconnect()
    owner?.close()
    await agent?.dispose()
    await signaling?.close()
  })

  async function useResetCode() {
    const args = ['account', 'reset', NAME, '--data', signaling.data, '--port', String(signaling.port)]
    const { exited, output } = runSignaling(args)
    assert.equal((await exited).code, 0, output())
    const token = /#reset=(\S+)/.exec(output())?.[1]
    const api = apiClient(signaling.origin)
    assert.equal((await api.call('POST', '/api/password', { token, password: NEXT })).status, 200)
    const [auth, admin, view] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()]
    assert.equal((await api.call('POST', '/api/devices', { auth: auth.publicKey })).status, 201)
    return { api, socket: await connectViewer(signaling.origin, auth), admin, view }
  }
  const ask = (event: string, request: unknown) => finder.socket.timeout(30_000).emitWithAck(event, request)
  async function knock(view: KeyPair) {
    const { beacon } = await ask('beacon', { cam: camera.camId })
    const { win } = (await openBeacon(beacon, camera.key, camera.camId)).payload
    const sid = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
    const { camId } = camera
    const { offer } = await sealOffer({ view, camId, win, sid, sdp, want: ['view'], start: 'now' })
    return ask('offer', { cam: camera.camId, offer })
  }

  it('is told which cameras there are, and no name of any', async () => {
    const { body, text } = await finder.api.call('GET', '/api/cameras')
    assert.equal((body as unknown as { cam: string }[])[0]?.cam, camera.camId)
    assert.doesNotMatch(text, /Front door/)
  })

  it('the camera does not answer its offers, and does answer the owner’s over the same connection', async () => {
    assert.deepEqual(await knock(finder.view), { hint: 'no_reply' })
    assert.deepEqual(await knock(finder.admin), { hint: 'no_reply' })
    assert.deepEqual(Object.keys(await knock(owner.view)), ['answer'])
  })

  it('the camera does not take its policy', async () => {
    const { policy, hash } = await readPolicy(owner, camera)
    const viewers = [...policy.viewers, { k: finder.view.publicKey, r: ['view' as const] }]
    const forged = { ...policy, viewers, n: policy.n + 1, prev: hash }
    for (const iss of [finder.admin.id, owner.admin.id]) {
      const jws = await seal('os1-policy', { ...forged, iss }, finder.admin.sign)
      assert.ok(!('ack' in (await ask('policy', { cam: camera.camId, policy: jws }))))
    }
    assert.deepEqual(await knock(finder.view), { hint: 'no_reply' })
  })

  it('the camera list does not open', async () => {
    const { body } = await finder.api.call('GET', '/api/roster')
    assert.equal(body.version, 1)
    const isForeign = (error: unknown) => error instanceof ProtocolFault && error.code === 'bad_mac'
    for (const seed of [newRootSeed(), new TextEncoder().encode(NEXT.padEnd(32))])
      await assert.rejects(
        rosterKey(seed as ReturnType<typeof newRootSeed>).then(key =>
          openRoster(key, String(body.sealed), 1),
        ),
        isForeign,
      )
  })

  it('the owner’s devices lose the server, not the camera: signed in again they watch as before', async () => {
    const again = await finder.api.call('POST', '/api/devices', { auth: owner.auth.publicKey })
    assert.equal(again.status, 201)
    const socket = await connectViewer(signaling.origin, owner.auth)
    const { beacon } = await socket.timeout(10_000).emitWithAck('beacon', { cam: camera.camId })
    assert.equal((await openBeacon(beacon, camera.key, camera.camId)).payload.iss, camera.camId)
    socket.disconnect()
  })
})
