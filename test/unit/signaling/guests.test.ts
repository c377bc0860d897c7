import assert from 'node:assert/strict'
import { randomId } from '@ownsight/protocol/bytes'
import { seal } from '@ownsight/protocol/envelope'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { sealRead } from '@ownsight/protocol/read'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  connectAs,
  type Device,
  eventually,
  invite,
  newDevice,
  signUp,
} from '../../support/signaling-client.ts'
import { aBeacon, type BoundCamera, boundCamera } from '../../support/signaling-envelopes.ts'

type Ack = (reply: unknown) => void

describe('guests and second devices, at the server', () => {
  let server: TestSignaling
  let alice: ApiClient
  let owner: Device
  let camera: BoundCamera
  const devices: Device[] = []
  const connect = async (client: ApiClient): Promise<Device> => {
    const device = await connectAs(server.origin, 'viewer', await newDevice(client))
    devices.push(device)
    return device
  }
  before(async () => {
    server = await startTestSignaling()
    alice = await signUp(server.origin, 'alice', { token: server.setupToken })
  })
  after(() => server.close())
  beforeEach(async () => {
    owner = await connect(alice)
    camera = await boundCamera(server.origin, owner)
  })
  afterEach(() => {
    camera.device.close()
    for (const device of devices.splice(0)) device.close()
  })

  const guestInvitation = async (until: number | null = null) => {
    const answer = await alice.call('POST', '/api/guest-invitations', { cam: camera.cam.id, until })
    assert.equal(answer.status, 201)
    return (answer.body as { invitation: string }).invitation
  }
  const name = () => `guest-${randomId().replaceAll(/[^A-Za-z0-9]/g, '')}`
  const redeem = async () => {
    const key = await generateKeyPair()
    const payload = { v: 1 as const, iss: key.id, aud: camera.cam.id, win: randomId(), own: 'a.b.c', iat: 1 }
    return seal('os1-redeem', { ...payload, view: key.publicKey }, key.sign)
  }

  it('a guest signs up with the invitation, once, and may knock at that camera alone', async () => {
    const invitation = await guestInvitation()
    const guest = await signUp(server.origin, name(), { invitation })
    const device = await connect(guest)
    const redeemed = await seal(
      'os1-redeemed',
      {
        v: 1,
        iss: camera.cam.id,
        aud: (await generateKeyPair()).id,
        inv: camera.cam.id,
        cam: camera.cam.publicKey,
        iat: 1,
      },
      camera.cam.sign,
    )
    camera.device.socket.on('redeem', (_: unknown, ack: Ack) => ack({ redeemed }))
    assert.deepEqual(await device.ask('redeem', { cam: camera.cam.id, redeem: await redeem() }), { redeemed })
    const other = await boundCamera(server.origin, owner)
    assert.deepEqual(await device.ask('redeem', { cam: other.cam.id, redeem: await redeem() }), {
      hint: 'unknown_camera',
    })
    other.device.close()
    await assert.rejects(signUp(server.origin, name(), { invitation }))
  })

  it('attack 32: an invitation that joins an account is used up, and only its own cameras are given away', async () => {
    const invitation = await guestInvitation()
    const bob = await signUp(server.origin, name(), await invite(alice))
    const body = { cam: camera.cam.id, until: null }
    assert.equal((await bob.call('POST', '/api/guest-invitations', body)).status, 404)
    assert.deepEqual((await bob.call('POST', '/api/join', { invitation })).body, { cam: camera.cam.id })
    assert.equal((await bob.call('POST', '/api/join', { invitation })).status, 403)
  })

  it('tells a guest when the camera comes, goes and changes, until the guest leaves', async () => {
    const guest = await signUp(server.origin, name(), { invitation: await guestInvitation() })
    const device = await connect(guest)
    const seen: { cam: string; online: boolean; beacon?: string }[] = []
    device.socket.on('presence', (event: (typeof seen)[number]) => seen.push(event))
    const beacon = await aBeacon(camera.cam)
    await camera.device.ask('publish', { beacon })
    await eventually(() => seen.some(event => event.beacon === beacon), 'the beacon reached the guest')
    assert.equal((await guest.call('DELETE', `/api/cameras/${camera.cam.id}`)).status, 204)
    assert.deepEqual(await device.ask('beacon', { cam: camera.cam.id }), { hint: 'unknown_camera' })
    const before = seen.length
    await camera.device.ask('publish', { beacon: await aBeacon(camera.cam) })
    await owner.ask('beacon', { cam: camera.cam.id })
    assert.equal(seen.length, before)
  })

  it('an invitation whose end is past gives nothing, and one that ends gives no more', async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    assert.equal(
      (await alice.call('POST', '/api/guest-invitations', { cam: camera.cam.id, until: past })).status,
      400,
    )
  })

  it('an account forgets its own camera: the camera is gone from it and its guests', async () => {
    const guest = await signUp(server.origin, name(), { invitation: await guestInvitation() })
    assert.equal((await alice.call('DELETE', `/api/cameras/${camera.cam.id}`)).status, 204)
    await eventually(() => !camera.device.socket.connected, 'the camera was disconnected')
    assert.deepEqual((await guest.call('GET', '/api/cameras')).body, [])
  })

  it('carries a question to the camera and what it shows back', async () => {
    const admin = await generateKeyPair()
    const { read } = await sealRead(admin, { camId: camera.cam.id, what: 'policy' })
    camera.device.socket.on('read', (_: unknown, ack: Ack) => ack({ refused: 'unknown_viewer' }))
    assert.deepEqual(await owner.ask('read', { cam: camera.cam.id, read }), { refused: 'unknown_viewer' })
    assert.deepEqual(await owner.ask('read', { cam: camera.cam.id, read: 'a.b.c' }), { hint: 'bad_form' })
  })

  it('joins two devices of one account by a rendezvous id, and no other account', async () => {
    const rid = randomId()
    const second = await connect(alice)
    const stranger = await connect(await signUp(server.origin, name(), await invite(alice)))
    const key = await generateKeyPair()
    const payload = { v: 1 as const, rid, admin: key.publicKey, view: key.publicKey, no: randomId() }
    const msg = { e: await seal('os1-join1', payload, key.sign), m: camera.cam.id }
    const reply = { v: 1 as const, rid, admin: key.publicKey, no: randomId(), h1: camera.cam.id }
    const answer = { e: await seal('os1-join2', reply, key.sign), m: camera.cam.id }
    owner.socket.on('join', (_: unknown, ack: Ack) => ack({ msg: answer }))
    assert.deepEqual(await second.ask('join', { rid, msg }), { hint: 'no_rendezvous' })
    assert.deepEqual(await owner.ask('hold', { rid }), { ok: true })
    assert.deepEqual(await second.ask('join', { rid, msg }), { msg: answer })
    assert.deepEqual(await stranger.ask('join', { rid, msg }), { hint: 'no_rendezvous' })
    assert.deepEqual(await stranger.ask('hold', { rid }), { hint: 'taken' })
  })
})
