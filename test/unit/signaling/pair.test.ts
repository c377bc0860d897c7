import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { randomId } from '@ownsight/protocol/bytes'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { io } from 'socket.io-client'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  connect,
  connectAs,
  type Device,
  eventually,
  invite,
  newDevice,
  readMetric,
  signUp,
} from '../../support/signaling-client.ts'
import {
  aFirstPairMessage,
  boundCamera,
  holdRendezvous,
  newTicket,
  sendBind,
} from '../../support/signaling-envelopes.ts'

describe('the rendezvous of pairing', () => {
  let server: TestSignaling
  let origin: string
  let alice: ApiClient
  let viewer: Device
  before(async () => {
    server = await startTestSignaling()
    origin = server.origin
    alice = await signUp(origin, 'alice', { token: server.setupToken })
    viewer = await connectAs(origin, 'viewer', await newDevice(alice))
  })
  after(async () => {
    viewer.close()
    await server.close()
  })

  const another = async (name: string) =>
    connectAs(origin, 'viewer', await newDevice(await signUp(origin, name, await invite(alice))))

  it('attack 29: guesses of a rendezvous yield nothing, and soon not even that', async () => {
    const guesser = await another('guesser')
    const { device, rid, tickets } = await holdRendezvous(origin)
    const msg = await aFirstPairMessage(randomId())
    const replies = []
    for (let i = 0; i < 40; i++) replies.push(await guesser.ask('pair', { rid: randomId(), msg }))
    const hints = replies.map(({ hint }) => hint)
    assert.ok(replies.every(reply => Object.keys(reply).join() === 'hint'))
    assert.deepEqual(hints.slice(0, 20), Array(20).fill('no_rendezvous'))
    assert.deepEqual(hints.slice(21), Array(19).fill('rate'))
    // Out of tries, a hit looks like a miss and reaches nobody: 10 tries a minute against 128 bits.
    assert.deepEqual(await guesser.ask('pair', { rid, msg }), { hint: 'rate' })
    assert.deepEqual(tickets, [])
    assert.ok((await readMetric(server, 'signaling_refused_total', { reason: 'rendezvous_guesses' })) >= 19)
    guesser.close()
    device.close()
  })

  it('attack 29: whoever knows a rendezvous reaches the camera and gets its refusal, never its place', async () => {
    const { device, rid } = await holdRendezvous(origin)
    const msg = await aFirstPairMessage(rid)
    assert.deepEqual(await viewer.ask('pair', { rid, msg }), { refused: 'bad_mac' })
    const elsewhere = io(`${origin}/unpaired`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: { agent: 'camera-agent/0.1.0', versions: [1] },
      // Another address of loopback: another household to the server.
      agent: new Agent({ localAddress: '127.0.0.2' }) as unknown as string,
    })
    assert.deepEqual(await elsewhere.timeout(5000).emitWithAck('hold', { rid }), { hint: 'taken' })
    assert.deepEqual(await viewer.ask('pair', { rid, msg }), { refused: 'bad_mac' })
    elsewhere.disconnect()
    device.close()
  })

  it('a camera that lost its connection gets its place back before the server has noticed', async () => {
    const lost = await holdRendezvous(origin)
    const again = await holdRendezvous(origin, lost.rid)
    await lost.device.disconnected
    assert.deepEqual(await viewer.ask('pair', { rid: lost.rid, msg: await aFirstPairMessage(lost.rid) }), {
      refused: 'bad_mac',
    })
    assert.equal(again.tickets.length, 1)
    again.device.close()
    await eventually(async () => {
      const reply = await viewer.ask('pair', { rid: lost.rid, msg: await aFirstPairMessage(lost.rid) })
      return reply.hint === 'no_rendezvous'
    }, 'the place is free')
  })

  it('holds one rendezvous per socket, and few sockets per address', async () => {
    const { device } = await holdRendezvous(origin)
    assert.deepEqual(await device.ask('hold', { rid: randomId() }), { hint: 'taken' })
    const more = await Promise.all(Array.from({ length: 30 }, () => connect(origin, 'unpaired')))
    await eventually(
      () => more.filter(({ socket }) => socket.disconnected).length >= 11,
      'the surplus is cut',
    )
    assert.equal(more.filter(({ socket }) => socket.connected).length, 19)
    for (const each of [device, ...more]) each.close()
    await eventually(
      async () => (await readMetric(server, 'signaling_connections', { role: 'unpaired' })) === 0,
      'all gone',
    )
  })

  it('gives each account a ticket of its own, and a crowd none', async () => {
    const { device, rid, tickets } = await holdRendezvous(origin)
    const msg = await aFirstPairMessage(rid)
    const crowd = []
    for (let i = 0; i < 5; i++) crowd.push(await another(`crowd ${i}`))
    const replies = []
    for (const member of crowd) replies.push(await member.ask('pair', { rid, msg }))
    await crowd[0]?.ask('pair', { rid, msg })
    assert.deepEqual(replies.at(-1), { hint: 'rate' })
    assert.equal(new Set(tickets).size, 4)
    assert.equal(tickets.at(-1), tickets[0], 'the same account goes on with the same ticket')
    for (const each of [device, ...crowd]) each.close()
  })

  it('binds a camera once per ticket, for the account of the ticket', async () => {
    const [cam, auth] = [await generateKeyPair(), await generateKeyPair()]
    const ticket = await newTicket(origin, viewer)
    assert.deepEqual(await sendBind(origin, { cam, auth, ticket, origin: 'https://evil.example' }), {
      hint: 'bad_form',
    })
    assert.deepEqual(await sendBind(origin, { cam, auth, ticket: randomId() }), { hint: 'not_signed_in' })
    assert.deepEqual(await sendBind(origin, { cam, auth, ticket }), { ok: true })
    assert.deepEqual(
      await sendBind(origin, { cam, auth, ticket }),
      { ok: true },
      'its reply may have been lost',
    )
    const other = await generateKeyPair()
    assert.deepEqual(await sendBind(origin, { cam: other, auth: other, ticket }), { hint: 'not_signed_in' })
    assert.deepEqual(await sendBind(origin, { cam, auth: other, ticket }), { hint: 'not_signed_in' })
    const listed = (await alice.call('GET', '/api/cameras')).text
    assert.ok(listed.includes(cam.id) && !listed.includes(other.id))
  })

  it('does not let an auth key speak for two cameras', async () => {
    const camera = await boundCamera(origin, viewer)
    const impostor = await generateKeyPair()
    const ticket = await newTicket(origin, viewer)
    assert.deepEqual(await sendBind(origin, { cam: impostor, auth: camera.auth, ticket }), {
      hint: 'not_signed_in',
    })
    camera.device.close()
  })

  it('a camera that moves to another account leaves the first', async () => {
    const camera = await boundCamera(origin, viewer)
    const bob = await another('new home')
    const auth = await generateKeyPair()
    assert.deepEqual(
      await sendBind(origin, { cam: camera.cam, auth, ticket: await newTicket(origin, bob) }),
      { ok: true },
    )
    await camera.device.disconnected
    await assert.rejects(connectAs(origin, 'camera', camera.auth), /not_signed_in/)
    const moved = await connectAs(origin, 'camera', auth)
    await bob.event('presence', told => told.cam === camera.cam.id && told.online === true)
    assert.deepEqual(await viewer.ask('beacon', { cam: camera.cam.id }), { hint: 'unknown_camera' })
    for (const each of [bob, moved]) each.close()
  })
})
