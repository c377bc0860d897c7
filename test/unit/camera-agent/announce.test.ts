import assert from 'node:assert/strict'
import { type Announcer, announceOver } from '@ownsight/camera-agent/announce'
import { openWindow } from '@ownsight/camera-agent/window'
import { openHead } from '@ownsight/protocol/log-chain'
import { openBeacon } from '@ownsight/protocol/session'
import type { Socket } from 'socket.io-client'
import { until } from '../../support/wait.ts'
import { type PairedLife, pairedLife } from './paired-life.ts'

describe('announce', () => {
  let camera: PairedLife
  let announcer: Announcer
  let published: { beacon: string; head: string; ways?: unknown }[]
  const socket = {
    connected: true,
    emit: (_: string, request: { beacon: string; head: string }) => published.push(request),
  }

  beforeEach(async () => {
    camera = await pairedLife()
    published = []
    socket.connected = true
    const { policies, log } = camera.life
    const window = openWindow(() => 0)
    announcer = announceOver(socket as unknown as Socket, {
      cam: camera.home.cam,
      fw: 'test',
      policies,
      window,
      log,
    })
  })
  afterEach(async () => {
    announcer.close()
    await camera.dispose()
  })

  it('M-13.13 says what is in force, and how far the log goes, both signed', async () => {
    await camera.life.journal.boot('test')
    await announcer.now()
    const { cam } = camera.home
    const [{ beacon, head } = { beacon: '', head: '' }] = published
    const { payload } = await openBeacon(beacon, cam.publicKey, cam.id)
    assert.equal(payload.ph, camera.life.policies.current()?.hash)
    const { i, h } = await openHead(head, cam.publicKey, cam.id)
    assert.deepEqual({ i, h }, camera.life.log.place())
  })

  it('says it once for several reasons', async () => {
    for (let i = 0; i < 5; i++) announcer.soon()
    await until(() => published.length > 0, { timeout: 10_000, what: 'the announcement' })
    assert.equal(published.length, 1)
  })

  it('tells how many sessions went which way, once', async () => {
    for (const way of ['direct', 'relayed', 'direct'] as const) announcer.count(way)
    await announcer.now()
    await announcer.now()
    assert.deepEqual(
      published.map(({ ways }) => ways),
      [{ direct: 2, relayed: 1 }, undefined],
    )
  })

  it('says nothing where nobody listens', async () => {
    socket.connected = false
    await announcer.now()
    assert.deepEqual(published, [])
  })
})
