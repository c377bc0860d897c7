import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { randomBytes, toBase64url } from '@ownsight/protocol/bytes'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { sealHead } from '@ownsight/protocol/log-chain'
import { runSignaling, startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import {
  connectAs,
  type Device,
  eventually,
  newDevice,
  readMetric,
  signUp,
} from '../support/signaling-client.ts'
import { aBeacon, anOffer, type BoundCamera, boundCamera } from '../support/signaling-envelopes.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

type Ack = (reply: unknown) => void

/** The program beside the running server, as a person on call uses it. */
describe('ownsight-signaling scope', () => {
  let server: TestSignaling
  let viewer: Device
  let camera: BoundCamera
  let folder: string
  const started = Date.now()
  before(async () => {
    folder = tempFolder('csv')
    server = await startTestSignaling()
    const alice = await signUp(server.origin, 'alice', { token: server.setupToken })
    viewer = await connectAs(server.origin, 'viewer', await newDevice(alice))
    camera = await boundCamera(server.origin, viewer)
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ nothing: true }))
  })
  after(async () => {
    viewer.close()
    camera.device.close()
    await server.close()
    removeTemp(folder)
  })

  const hour = (offset: number): string => new Date(started + offset * 3_600_000).toISOString()
  const run = async (...args: string[]) => {
    const { exited, output } = runSignaling(['scope', '--data', server.data, ...args])
    const { code } = await exited
    return { code, text: output() }
  }
  const ask = (...more: string[]) => run('--from', hour(-1), '--to', hour(1), ...more)
  const publish = async (head: string) =>
    camera.device.ask('publish', { beacon: await aBeacon(camera.cam), head })
  const head = (cam: KeyPair, i: number, foreign = 0) =>
    sealHead(cam, { i, h: toBase64url(randomBytes(32)) }, { live: 0, ended: 0, foreign, refused: {} })
  const heads = (): number => {
    const db = new DatabaseSync(join(server.data, 'routed.sqlite'), { readOnly: true })
    const { n } = db.prepare('SELECT count(*) AS n FROM heads').get() ?? {}
    db.close()
    return Number(n)
  }

  it('answers while the server runs, headline first', async () => {
    await viewer.ask('offer', {
      cam: camera.cam.id,
      offer: await anOffer(await generateKeyPair(), camera.cam.id),
    })
    await eventually(async () => /1 session, 1 camera/.test((await ask()).text), 'the session is in the log')
    const { code, text } = await ask()
    assert.match(text, /^0 sessions harmed; no attempts; 1 camera has no signed head for this window/)
    assert.match(text, /build 0\.1\.0 {2}server [0-9a-f]{8} {2}own {2}1: no_reply 1/)
    assert.equal(code, 0)
  })

  it('keeps the heads a camera publishes, and only its own', async () => {
    await publish(await head(camera.cam, 3))
    await eventually(() => heads() === 1, 'a head is kept')
    await publish(await head(await generateKeyPair(), 9))
    await publish((await head(camera.cam, 9)).slice(0, -20) + 'A'.repeat(20))
    assert.equal(await readMetric(server, 'signaling_refused_total', { reason: 'bad_head' }), 2)
    const { text } = await ask()
    assert.match(text, /^0 sessions harmed; no attempts; 1 camera has no signed head for the end of it/)
  })

  it('ends with 3 once a camera says so itself', async () => {
    await publish(await head(camera.cam, 12, 1))
    await eventually(async () => (await ask()).code === 3, 'harm is found')
    assert.match((await ask()).text, /^HARM: 1 session without a right/)
  })

  it('tells the same as JSON and all sessions as CSV', async () => {
    const file = join(folder, 'all.csv')
    const { code, text } = await ask('--json', '--csv', file)
    assert.equal(code, 3)
    const answer = JSON.parse(text)
    assert.deepEqual([answer.harmed, answer.sessions.total, answer.cameras.asked], [1, 1, 1])
    const [names = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n')
    const session = Object.fromEntries(names.split(',').map((name, i) => [name, lines[0]?.split(',')[i]]))
    assert.equal(lines.length, 1)
    assert.equal(session.asked, camera.cam.id.slice(0, 8))
    assert.equal(session.sid, answer.sessions.first[0].sid)
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })

  it('names the people behind the pseudonyms when it is asked to, and only then', async () => {
    assert.doesNotMatch((await ask()).text, /alice/)
    const { text } = await ask('--people')
    const [, from] = / from (p[0-9a-f]{12}) /.exec(text) ?? []
    assert.match(text, new RegExp(`PEOPLE\n {2}${from} {2}alice\n`))
    const db = new DatabaseSync(join(server.data, 'pseudonyms.sqlite'))
    const keys = db.prepare('SELECT week, key FROM keys').all()
    db.exec('DELETE FROM keys')
    assert.match((await ask('--people')).text, new RegExp(`${from} {2}nobody that is known any more`))
    for (const { week, key } of keys)
      db.prepare('INSERT INTO keys VALUES (?, ?)').run(Number(week), key ?? null)
    db.close()
  })

  it('refuses what it does not understand, in one sentence, with exit code 2', async () => {
    for (const [args, message] of [
      [['--from', 'noon', '--to', hour(1)], /--from: noon is no time/],
      [['--from', hour(-1)], /Say --to TIME/],
      [['--from', hour(1), '--to', hour(0)], /--to must be later/],
      [['--from', hour(2), '--to', hour(3)], /--from lies in the future/],
      [['--from', hour(-1), '--to', hour(1), '--sessions', '-1'], /--sessions/],
      [['--from', hour(-1), '--to', hour(1), '--csv', '/nowhere/x.csv'], /cannot be written/],
    ] as const) {
      const { code, text } = await run(...args)
      assert.equal(code, 2, text)
      assert.match(text, message)
      assert.doesNotMatch(text, /unexpected fault/)
    }
    const elsewhere = tempFolder('empty')
    const { exited, output } = runSignaling([
      'scope',
      '--data',
      elsewhere,
      '--from',
      hour(-1),
      '--to',
      hour(1),
    ])
    assert.equal((await exited).code, 2)
    assert.match(output(), /There is no log in/)
    assert.ok(!existsSync(join(elsewhere, 'routed.sqlite')), 'asking makes none')
    removeTemp(elsewhere)
  })
})
