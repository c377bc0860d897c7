import assert from 'node:assert/strict'
import { startTestSignaling, type TestSignaling } from '../../support/signaling.ts'
import {
  type ApiClient,
  connectAs,
  newDevice,
  rawRequest,
  readMetric,
  signUp,
} from '../../support/signaling-client.ts'
import { anOffer, boundCamera } from '../../support/signaling-envelopes.ts'

describe('health and metrics', () => {
  let server: TestSignaling
  let anna: ApiClient
  const health = (path: string, method = 'GET') =>
    rawRequest(`http://127.0.0.1:${server.healthPort}`, { path, method })
  before(async () => {
    server = await startTestSignaling()
    anna = await signUp(server.origin, 'Annabella', { token: server.setupToken })
  })
  after(() => server.close())

  it('answers on its own listener and not on the public one', async () => {
    assert.equal((await health('/healthz')).status, 200)
    assert.equal((await health('/readyz')).status, 200)
    assert.equal((await health('/metrics')).status, 200)
    assert.equal((await health('/other')).status, 404)
    assert.equal((await health('/metrics', 'POST')).status, 405)
    for (const path of ['/healthz', '/readyz', '/metrics'])
      assert.equal((await rawRequest(server.origin, { path })).status, 404, path)
  })

  it('counts connections by role, down to none', async () => {
    const viewer = await connectAs(server.origin, 'viewer', await newDevice(anna))
    const camera = await boundCamera(server.origin, viewer)
    assert.equal(await readMetric(server, 'signaling_connections', { role: 'viewer' }), 1)
    assert.equal(await readMetric(server, 'signaling_connections', { role: 'camera' }), 1)
    viewer.close()
    camera.device.close()
    const deadline = performance.now() + 5000
    while ((await readMetric(server, 'signaling_connections')) > 0)
      assert.ok(performance.now() < deadline, 'connections stay counted')
  })

  it('no label holds an id, a name or an address', async () => {
    const viewer = await connectAs(server.origin, 'viewer', await newDevice(anna))
    const camera = await boundCamera(server.origin, viewer)
    camera.device.socket.on('offer', (_: unknown, ack: (reply: unknown) => void) => ack({}))
    await viewer.ask('offer', { cam: camera.cam.id, offer: await anOffer(camera.cam, camera.cam.id) })
    const { text } = await health('/metrics')
    const { body } = await anna.call('GET', '/api/state')
    const { id, name } = body.account as { id: string; name: string }
    const secrets = [
      id,
      name,
      camera.cam.id,
      camera.cam.id.slice(0, 8),
      camera.auth.id,
      '127.0.0.1',
      String(viewer.socket.id),
    ]
    for (const secret of secrets) assert.ok(!text.includes(secret), secret)
    const labels = new Set([...text.matchAll(/([a-z_]+)="/g)].map(([, label]) => label))
    const known = [
      'version',
      'role',
      'kind',
      'result',
      'reason',
      'method',
      'le',
      'quantile',
      'type',
      'space',
      'major',
      'minor',
      'patch',
    ]
    for (const label of labels) assert.ok(known.includes(label ?? ''), `label ${label}`)
    viewer.close()
    camera.device.close()
  })

  it('is what promtool accepts: help and type for each, counters alone end in _total', async () => {
    const { text } = await health('/metrics')
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    const help = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name))
    assert.ok(types.length > 20)
    for (const [, name = '', type = ''] of types) {
      assert.ok(help.has(name), `${name} has no help`)
      assert.match(name, /^[a-z_]+[a-z0-9_]*$/)
      assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
      assert.doesNotMatch(name, /_(milliseconds|ms|kb)$/)
    }
    const series = text.split('\n').filter(line => line && !line.startsWith('#'))
    assert.ok(series.length < 500, `${series.length} series`)
    assert.equal(
      new Set(series.map(line => line.replace(/ \S+$/, ''))).size,
      series.length,
      'a series stands twice',
    )
  })
})
