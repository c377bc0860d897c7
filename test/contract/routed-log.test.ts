import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { camBits } from '@ownsight/signaling/routed-log-writer'
import { openLog, scope } from '@ownsight/signaling/scope'
import { spawnTestSignaling, startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import {
  type ApiClient,
  connectAs,
  type Device,
  eventually,
  newDevice,
  signUp,
} from '../support/signaling-client.ts'
import { aBeacon, anAnswer, anOffer, type BoundCamera, boundCamera } from '../support/signaling-envelopes.ts'

type Ack = (reply: unknown) => void
type Row = Record<string, unknown>

const ROWS = `SELECT t, typ.word AS typ, result.word AS result, from_conn, to_conn, from_pseud, to_pseud, asked, reached,
  session, r.sid, size, suspect FROM routed r JOIN words typ ON typ.id = typ JOIN words result ON result.id = result
  ORDER BY t, n`
const SESSIONS = `SELECT s.id, hex(sid) AS sid, from_pseud, to_pseud, asked, reached, messages, suspect, word AS result,
  build, instance, integration FROM sessions s JOIN runs ON runs.id = run JOIN words ON words.id = result ORDER BY s.id`

describe('the log of routed messages', () => {
  let server: TestSignaling
  let alice: ApiClient
  let viewer: Device
  let camera: BoundCamera
  let view: KeyPair
  beforeEach(async () => {
    server = await startTestSignaling()
    alice = await signUp(server.origin, 'alice', { token: server.setupToken })
    view = await generateKeyPair()
    viewer = await connectAs(server.origin, 'viewer', await newDevice(alice))
    camera = await boundCamera(server.origin, viewer)
  })
  afterEach(async () => {
    viewer.close()
    camera.device.close()
    await server.close()
  })

  const read = (sql: string): Row[] => {
    const db = new DatabaseSync(join(server.data, 'routed.sqlite'), { readOnly: true })
    const rows = db.prepare(sql).all()
    db.close()
    return rows
  }
  const rows = async (count: number, wanted: (row: Row) => boolean = () => true): Promise<Row[]> => {
    await eventually(() => read(ROWS).filter(wanted).length >= count, `${count} rows`)
    return read(ROWS).filter(wanted)
  }
  const sidOf = (jws: string): string =>
    JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()).sid
  const ask = (offer: string) => viewer.ask('offer', { cam: camera.cam.id, offer })

  it('holds an offer and what came back, by whom, for whom, and where it went', async () => {
    const offer = await anOffer(view, camera.cam.id)
    const answer = await anAnswer(camera.cam, view.id)
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ answer }))
    await ask(offer)
    const [sent, back] = await rows(2, row => row.asked === camBits(camera.cam.id))
    assert.ok(sent && back)
    const cam = camBits(camera.cam.id)
    assert.deepEqual([sent.typ, sent.result, sent.asked, sent.reached], ['offer', 'sent', cam, cam])
    assert.deepEqual([back.typ, back.asked, back.reached], ['answer', cam, cam])
    assert.equal(sent.size, offer.length)
    assert.equal(back.size, answer.length)
    assert.deepEqual([sent.from_conn, sent.to_conn], [back.to_conn, back.from_conn])
    assert.equal(sent.from_pseud, sent.to_pseud, 'one account')
    assert.equal(sent.session, back.session)
    const [session] = read(SESSIONS)
    assert.equal(session?.sid, Buffer.from(sidOf(offer), 'base64url').toString('hex').toUpperCase())
    assert.deepEqual([session?.integration, session?.build], ['own', '0.1.0'])
    assert.equal(session?.messages, 2)
  })

  it('marks an answer that belongs to another attempt', async () => {
    const foreign = await anAnswer(camera.cam, view.id)
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ answer: foreign }))
    await ask(await anOffer(view, camera.cam.id))
    const [back] = await rows(1, row => row.typ === 'answer')
    assert.deepEqual([back?.result, back?.suspect], ['foreign_answer', 1])
    assert.deepEqual(back?.sid, new Uint8Array(Buffer.from(sidOf(foreign), 'base64url')))
    assert.equal(read(SESSIONS)[0]?.suspect, 1)
  })

  it('marks an offer that is sealed for another camera than it is sent to', async () => {
    const other = await generateKeyPair()
    camera.device.socket.on('offer', () => undefined)
    void ask(await anOffer(view, other.id)).catch(() => undefined)
    const [sent] = await rows(1, row => row.typ === 'offer')
    assert.deepEqual([sent?.result, sent?.suspect], ['wrong_aud', 1])
  })

  it('counts one session for an envelope that is sent again', async () => {
    camera.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ nothing: 1 }))
    const offer = await anOffer(view, camera.cam.id)
    await ask(offer)
    await ask(offer)
    const all = await rows(4, row => row.session !== null)
    assert.deepEqual(
      all.map(row => `${row.typ} ${row.result}`),
      ['offer sent', 'hint no_reply', 'offer sent', 'hint no_reply'],
    )
    const sessions = read(SESSIONS)
    assert.deepEqual(
      sessions.map(({ messages, result }) => [messages, result]),
      [[4, 'no_reply']],
    )
  })

  it('says so when a camera was not there or not theirs', async () => {
    const stranger = await generateKeyPair()
    await viewer.ask('offer', { cam: stranger.id, offer: await anOffer(view, stranger.id) })
    camera.device.close()
    await camera.device.disconnected
    await eventually(
      async () => (await ask(await anOffer(view, camera.cam.id))).hint === 'offline',
      'offline',
    )
    const results = (await rows(2, row => row.typ === 'offer')).map(row => [row.result, row.reached])
    assert.deepEqual(results[0], ['unknown_camera', null])
    assert.deepEqual(results.at(-1), ['offline', null])
  })

  it('holds pairing messages and beacons', async () => {
    await camera.device.ask('publish', { beacon: await aBeacon(camera.cam) })
    await camera.device.ask('publish', { beacon: await aBeacon(await generateKeyPair()) })
    const all = await rows(4)
    assert.deepEqual(
      all.map(row => `${row.typ} ${row.result}`),
      ['pair1 sent', 'refused passed', 'beacon kept', 'beacon foreign_answer'],
    )
  })

  it('what is in it survives a killed server, and scope says how that one ended', async () => {
    const { data, kill, origin, setupToken } = await spawnTestSignaling()
    const bea = await connectAs(
      origin,
      'viewer',
      await newDevice(await signUp(origin, 'bea', { token: setupToken })),
    )
    const door = await boundCamera(origin, bea)
    door.device.socket.on('offer', (_: unknown, ack: Ack) => ack({ nothing: true }))
    const path = join(data, 'routed.sqlite')
    const count = (): number => {
      const db = new DatabaseSync(path, { readOnly: true })
      const { n } = db.prepare('SELECT count(*) AS n FROM routed WHERE session IS NOT NULL').get() ?? {}
      db.close()
      return Number(n)
    }
    for (let i = 0; i < 20; i++)
      await bea.ask('offer', { cam: door.cam.id, offer: await anOffer(view, door.cam.id) })
    await eventually(() => count() === 40, 'all is written')
    await kill('SIGKILL')
    assert.equal(count(), 40)
    const log = openLog(data)
    assert.equal(log.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
    const window = { from: Date.now() - 60_000, to: Date.now() + 60_000 }
    const { sessions, gaps } = await scope(log, window, 0, Date.now() + 600_000)
    assert.equal(sessions.total, 20)
    assert.deepEqual(gaps.map(({ kind }) => kind).sort(), ['begins_later', 'ended_unannounced'])
    log.close()
    for (const device of [bea, door.device]) device.close()
    rmSync(data, { recursive: true })
  })

  it('holds no description, token, name or address, and nobody’s account', async () => {
    const sdp = 'v=0\r\nc=IN IP4 203.0.113.77\r\na=ice-pwd:planted-secret-value\r\n'
    const offer = await anOffer(view, camera.cam.id, sdp)
    camera.device.socket.on('offer', async (_: unknown, ack: Ack) =>
      ack({ answer: await anAnswer(camera.cam, view.id, sdp) }),
    )
    await ask(offer)
    await rows(2, row => row.session !== null)
    const account = new DatabaseSync(join(server.data, 'signaling.sqlite'), { readOnly: true })
    const id = String(account.prepare('SELECT id FROM accounts').get()?.id)
    account.close()
    const files = readdirSync(server.data).filter(name => name.startsWith('routed.sqlite'))
    const bytes = Buffer.concat(files.map(name => readFileSync(join(server.data, name)))).toString('latin1')
    assert.ok(bytes.includes('0.1.0'), 'the search looks at the right bytes')
    for (const secret of ['203.0.113.77', 'planted', 'alice', id, camera.cam.id, view.id, offer.slice(-40)])
      assert.ok(!bytes.includes(secret), secret)
    for (const name of files) assert.equal(statSync(join(server.data, name)).mode & 0o777, 0o600, name)
  })
})
