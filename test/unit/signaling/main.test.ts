import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { freePort, runSignaling, type SignalingProcess, spawnTestSignaling } from '../../support/signaling.ts'
import {
  apiClient,
  connect,
  connectAs,
  newDevice,
  PASSWORD,
  rawRequest,
  signUp,
} from '../../support/signaling-client.ts'
import { anAnswer, anOffer, boundCamera } from '../../support/signaling-envelopes.ts'

describe('ownsight-signaling, the program', () => {
  let folder: string
  let running: SignalingProcess[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ownsight-signaling-'))
    running = []
  })
  afterEach(async () => {
    for (const each of running) await each.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = async (more = {}): Promise<SignalingProcess> => {
    const server = await spawnTestSignaling({ data: folder, ...more })
    running.push(server)
    return server
  }
  const run = async (...args: string[]) => {
    const { exited, output } = runSignaling(args)
    return { ...(await exited), text: output() }
  }

  it('explains itself', async () => {
    const { code, text } = await run('--help')
    assert.equal(code, 0)
    assert.match(text, /--behind-proxy/)
  })

  it('refuses in one clear message and exit code 2', async () => {
    const config = join(folder, 'config.json')
    writeFileSync(config, JSON.stringify({ listen: { prt: 1 }, colour: 'red' }))
    const port = await freePort()
    const common = ['--data', join(folder, 'data'), '--port', String(port)]
    const cases: [string[], RegExp][] = [
      [['--colour', 'red'], /colour.*--help/],
      [['--config', config], /listen.prt: unknown setting[\s\S]*colour: unknown setting/],
      [['--config', join(folder, 'none.json')], /cannot be read/],
      [['--port', 'eighty', '--data', folder], /listen.port/],
      [[...common, '--host', '192.0.2.2'], /without TLS[\s\S]*own domain[\s\S]*overlay VPN[\s\S]*private CA/],
      [[...common, '--host', '0.0.0.0', '--behind-proxy', 'http://192.0.2.2'], /behindProxy/],
    ]
    for (const [args, message] of cases) {
      const { code, text } = await run(...args)
      assert.match(text, message, args.join(' '))
      assert.equal(code, 2, args.join(' '))
      assert.doesNotMatch(text, / at .*\.ts:/, 'no stack trace')
    }
  }).timeout(20_000)

  it('says so when its port is taken', async () => {
    const first = await start()
    const second = await run(
      '--port',
      String(first.port),
      '--data',
      join(folder, 'other'),
      '--health-port',
      '0',
    )
    assert.match(second.text, new RegExp(`Port ${first.port} .* is taken`))
    assert.equal(second.code, 2)
    const third = await run(
      '--port',
      '0',
      '--data',
      join(folder, 'other'),
      '--health-port',
      String(first.healthPort),
    )
    assert.match(third.text, /is taken.*--health-port/)
    assert.equal(third.code, 2)
  }).timeout(20_000)

  it('refuses data of a newer version', async () => {
    const db = new DatabaseSync(join(folder, 'signaling.sqlite'))
    db.exec('PRAGMA user_version = 99')
    db.close()
    const { code, text } = await run('--port', '0', '--data', folder, '--health-port', '0')
    assert.match(text, /newer Ownsight/)
    assert.equal(code, 2)
  })

  it('prints a token for the first account, a new one at each start, none afterwards', async () => {
    const first = await start()
    assert.match(first.setupToken, /^[\w-]{22}$/)
    await first.kill('SIGTERM')
    const second = await start({ port: first.port })
    assert.notEqual(second.setupToken, first.setupToken)
    const old = { token: first.setupToken, name: 'eve', password: PASSWORD }
    assert.equal((await apiClient(second.origin).call('POST', '/api/sign-up', old)).status, 403)
    await signUp(second.origin, 'Anna', { token: second.setupToken })
    await second.kill('SIGTERM')
    assert.equal((await start({ port: first.port })).setupToken, '')
  }).timeout(20_000)

  it('prints an invitation beside the running server', async () => {
    const server = await start()
    await signUp(server.origin, 'Anna', { token: server.setupToken })
    const { code, text } = await run('invite', '--data', folder)
    assert.equal(code, 0)
    await signUp(server.origin, 'Ben', { invitation: /\n {2}(\S+)\n/.exec(text)?.[1] ?? '' })
    assert.match((await run('invoice', '--data', folder)).text, /Unknown command invoice.*--help/)
  })

  it('says so where the viewer is not built', async () => {
    const server = await start({ viewer: join(folder, 'none') })
    const { status, text } = await rawRequest(server.origin, { path: '/' })
    assert.equal(status, 503)
    assert.match(text, /npm run build/)
  })

  it('ends at once on SIGTERM and SIGINT, with viewers connected and a request open', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = await start({ data: join(folder, signal) })
      const anna = await signUp(server.origin, 'Anna', { token: server.setupToken })
      const viewer = await connectAs(server.origin, 'viewer', await newDevice(anna))
      const began = performance.now()
      const { code } = await server.kill(signal)
      assert.equal(code, 0)
      assert.ok(performance.now() - began < 5000)
      await viewer.disconnected
    }
  }).timeout(20_000)

  it('loses nothing it acknowledged when it is killed in the middle of writing', async () => {
    const port = await freePort()
    let server = await start({ port })
    const anna = await signUp(server.origin, 'Anna', { token: server.setupToken })
    const key = await newDevice(anna)
    let acknowledged = 0
    const devices = [key]
    for (let round = 0; round < 10; round++) {
      const writing = (async () => {
        for (;;) {
          const version = acknowledged + 1
          const { status } = await anna.call('PUT', '/api/roster', { version, sealed: `AAAA${version}` })
          if (status < 300) acknowledged = version
          else if (status === 409)
            acknowledged = version // written, killed before the reply
          else throw new Error(`roster: ${status}`)
          if (version % 5 === 0) devices.push(await newDevice(anna))
        }
      })().catch((error: Error) => error)
      const goal = acknowledged + 3 + round
      while (acknowledged < goal) await sleep(2)
      await server.kill('SIGKILL')
      const error = await writing
      assert.ok(/ECONN|socket hang up/.test(String(error)), String(error))
      server = await start({ port })
      const { body } = await anna.call('GET', '/api/roster')
      assert.ok(
        Number(body.version) >= acknowledged,
        `${body.version} after ${acknowledged} was acknowledged`,
      )
      assert.equal(body.sealed, `AAAA${body.version}`)
      acknowledged = Number(body.version)
    }
    for (const device of devices) (await connectAs(server.origin, 'viewer', device)).close()
    await server.kill('SIGTERM')
    const db = new DatabaseSync(join(folder, 'signaling.sqlite'))
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
    db.close()
  }).timeout(60_000)

  /** For each acknowledged write: did the log file reach the disk after the reply before, and before this reply? */
  async function syncedBeforeReplies(more = {}): Promise<boolean[]> {
    const trace = join(folder, 'trace')
    const calls = 'trace=fsync,fdatasync,write,writev,sendto,sendmsg'
    // -D: strace is the grandchild, so that signals reach the server.
    const prefix = ['strace', '-D', '-f', '-y', '-s', '64', '-e', calls, '-o', trace]
    const server = await start({ data: join(folder, 'data'), prefix, ...more })
    const anna = await signUp(server.origin, 'Anna', { token: server.setupToken })
    for (let version = 1; version <= 10; version++)
      await anna.call('PUT', '/api/roster', { version, sealed: 'AAAA' })
    await server.kill('SIGTERM')
    const answers: boolean[] = []
    let synced = false
    for (const line of readFileSync(trace, 'utf8').split('\n')) {
      if (/f(data)?sync\(\d+<[^>]*signaling\.sqlite-wal>\)/.test(line)) synced = true
      if (!line.includes('"HTTP/1.1 ')) continue
      if (line.includes('"HTTP/1.1 204')) answers.push(synced)
      synced = false
    }
    return answers
  }

  it('a trace shows the fsync before each acknowledgement', async () => {
    assert.deepEqual(await syncedBeforeReplies(), Array(10).fill(true))
  }).timeout(30_000)

  it('and shows its absence, once synchronous=FULL is taken away', async () => {
    const without = join(import.meta.dirname, '..', '..', 'support', 'without.ts')
    const answers = await syncedBeforeReplies({
      nodeArgs: ['--import', without],
      env: {
        WITHOUT_FILE: '/store/database.ts',
        WITHOUT_TEXT: 'synchronous = FULL',
        WITHOUT_REPLACEMENT: 'synchronous = NORMAL',
      },
    })
    assert.equal(answers.length, 10)
    assert.ok(answers.includes(false))
  }).timeout(30_000)

  it('never logs a password, a token, a key, a name, an address or a session description', async () => {
    const proxy = 'https://planted-origin.example'
    const server = await start({ args: ['--behind-proxy', proxy] })
    const direct = `http://127.0.0.1:${server.port}`
    const headers = { host: 'planted-origin.example', origin: proxy, 'x-forwarded-for': '198.51.100.77' }
    const api = async (path: string, body: unknown, more = {}) =>
      rawRequest(direct, {
        method: 'POST',
        path,
        headers: { ...headers, 'content-type': 'application/json', ...more },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
    const signedUp = await api('/api/sign-up', {
      token: server.setupToken,
      name: 'PlantedName',
      password: 'planted-password',
    })
    assert.equal(signedUp.status, 201)
    const cookie = String(signedUp.headers['set-cookie']?.[0]).split(';')[0] ?? ''
    assert.match(String(signedUp.headers['set-cookie']?.[0]), /^__Host-sid=.*; Secure/)
    assert.match(String(signedUp.headers['strict-transport-security']), /max-age/)
    await api('/api/sign-in', { name: 'PlantedName', password: 'planted-wrong' })
    await api('/api/sign-in', { token: 'planted-token-AAAAAAAAAA' })
    await api('/api/sign-in', '{"password":"planted-json')
    await api('/api/planted-path?token=planted-query', {})
    await api('/api/sign-in', {}, { host: 'planted-host.example' })
    const device = await generateKeyPair()
    await api('/api/devices', { auth: device.publicKey }, { cookie })
    const socket = await connect(direct, 'viewer', { headers }).catch(() => undefined)
    await socket?.ask('auth', { auth: await anOffer(device, device.id, 'planted-sdp') }).catch(() => {})
    await server.kill('SIGTERM')
    const log = server
      .output()
      .slice(server.output().indexOf('\n', server.output().indexOf('token:\n\n  ') + 12))
    assert.match(log, /"event":"request"/, 'the log is there')
    const secrets = [
      'planted',
      'Planted',
      '198.51.100.77',
      '127.0.0.1',
      server.setupToken,
      device.id,
      device.publicKey.x,
      cookie.split('=')[1],
    ]
    for (const secret of secrets) assert.ok(secret && !log.includes(secret), `${secret} is in the log`)
  }).timeout(20_000)

  it('never logs what it relays', async () => {
    const server = await start()
    const anna = await signUp(server.origin, 'Anna', { token: server.setupToken })
    const key = await newDevice(anna)
    const viewer = await connectAs(server.origin, 'viewer', key)
    const camera = await boundCamera(server.origin, viewer)
    const view = await generateKeyPair()
    const offer = await anOffer(view, camera.cam.id, 'v=0\r\ns=planted\r\n')
    const answer = await anAnswer(camera.cam, view.id, 'v=0\r\ns=planted\r\n')
    camera.device.socket.on('offer', (_: unknown, ack: (reply: unknown) => void) => ack({ answer }))
    assert.deepEqual(await viewer.ask('offer', { cam: camera.cam.id, offer }), { answer })
    await server.kill('SIGTERM')
    const log = server.output()
    assert.match(log, /"event":"relay"/)
    const parts = [...offer.split('.'), ...answer.split('.')].slice(1, 6)
    const secrets = [
      'planted',
      ...parts,
      view.id,
      key.id,
      camera.cam.id,
      camera.auth.id,
      String(viewer.socket.id),
    ]
    for (const secret of secrets) assert.ok(!log.includes(secret), `${secret} is in the log`)
  }).timeout(20_000)
})
