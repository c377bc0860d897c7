import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { startTestSignaling } from '../../support/signaling.ts'
import { connectAs, type Device, invite, newDevice, signUp } from '../../support/signaling-client.ts'
import { aBeacon, anAnswer, anOffer, boundCamera } from '../../support/signaling-envelopes.ts'

type Home = { key: KeyPair; cam: KeyPair; auth: KeyPair; beacon: string; answer: string }

/** Every home comes back in the same moment, in any order: the hour in which identities used to be mixed up. */
describe('F1: reconnect storm after a restart', () => {
  const HOMES = 25

  it('each viewer hears of its own camera, from its own camera, and of no other', async () => {
    const data = mkdtempSync(join(tmpdir(), 'ownsight-storm-'))
    let server = await startTestSignaling({ data })
    const { origin, port } = server
    const first = await signUp(origin, 'home 0', { token: server.setupToken })
    const homes: Home[] = []
    for (let i = 0; i < HOMES; i++) {
      const client = i === 0 ? first : await signUp(origin, `home ${i}`, await invite(first))
      const key = await newDevice(client)
      const viewer = await connectAs(origin, 'viewer', key)
      const { cam, auth, device } = await boundCamera(origin, viewer)
      device.close()
      viewer.close()
      const marked = await anAnswer(cam, key.id, `v=0\r\ns=home ${i}\r\n`)
      homes.push({ key, cam, auth, beacon: await aBeacon(cam), answer: marked })
    }
    await server.close()
    server = await startTestSignaling({ data, port })

    const devices: Device[] = []
    const back = async (role: 'viewer' | 'camera', key: KeyPair): Promise<Device> => {
      await new Promise(resolve => setTimeout(resolve, Math.random() * 300))
      const device = await connectAs(origin, role, key)
      devices.push(device)
      return device
    }
    const camera = async ({ auth, beacon, answer }: Home) => {
      const device = await back('camera', auth)
      device.socket.on('offer', (_: unknown, ack: (reply: unknown) => void) => ack({ answer }))
      assert.deepEqual(await device.ask('publish', { beacon }), { ok: true })
    }
    const viewer = async (home: Home, neighbour: Home) => {
      const device = await back('viewer', home.key)
      await device.event('presence', told => told.beacon === home.beacon)
      const ask = async (cam: string) =>
        device.ask('offer', { cam, offer: await anOffer(await generateKeyPair(), cam) })
      for (let i = 0; i < 3; i++) assert.deepEqual(await ask(home.cam.id), { answer: home.answer })
      assert.deepEqual(await ask(neighbour.cam.id), { hint: 'unknown_camera' })
      const told = device.received.filter(({ event }) => event === 'presence')
      assert.deepEqual(
        new Set(told.map(({ value }) => (value as { cam: string }).cam)),
        new Set([home.cam.id]),
      )
    }
    await Promise.all(
      homes.flatMap((home, i) => [viewer(home, homes[(i + 1) % HOMES] as Home), camera(home)]),
    )
    for (const device of devices) device.close()
    await server.close()
    rmSync(data, { recursive: true })
  }).timeout(30_000)
})
