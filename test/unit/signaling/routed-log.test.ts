import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { createMetrics } from '@ownsight/signaling/metrics'
import { startRoutedLog } from '@ownsight/signaling/routed-log'
import { readClaims, readReply } from '@ownsight/signaling/routed-log-claims'
import { LOG_FILE, LOG_MIGRATIONS } from '@ownsight/signaling/routed-log-schema'
import {
  camBits,
  camText,
  openRowWriter,
  type Row,
  type RowWriter,
} from '@ownsight/signaling/routed-log-writer'
import type { DeviceSocket } from '@ownsight/signaling/sockets'
import { openFile } from '@ownsight/signaling/store/database'
import { aBeacon, anAnswer, anOffer } from '../../support/signaling-envelopes.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'
import { until } from '../../support/wait.ts'

const socket = (data: { account?: string; cam?: string }): DeviceSocket =>
  ({ data }) as unknown as DeviceSocket
const pseudonyms = { of: (account: string) => account.length, destroyOld: () => 0, close: () => undefined }
const run = { build: '1', instance: 'aaaaaaaa', integration: 'own' }

describe('what the log of routed messages says of one', () => {
  const viewer = socket({ account: 'alice' })
  let written: Row[][]
  let metrics: ReturnType<typeof createMetrics>
  let working: boolean
  let lost: number
  let cam: KeyPair
  let view: KeyPair
  before(async () => {
    ;[cam, view] = [await generateKeyPair(), await generateKeyPair()]
  })
  beforeEach(() => {
    ;[written, metrics, working, lost] = [[], createMetrics(), true, 0]
  })

  const start = () => {
    const writer: RowWriter = {
      write: rows => working && written.push(rows) > 0,
      dropped: () => void lost++,
      alive: () => undefined,
      close: () => undefined,
    }
    return startRoutedLog(writer, pseudonyms, metrics)
  }
  const rows = (): string[] =>
    written.flat().map(({ typ, result, suspect }) => `${typ} ${result}${suspect ? ' astray' : ''}`)
  const metric = async (name: string): Promise<number> =>
    (await metrics.registry.getSingleMetric(`signaling_${name}`)?.get())?.values.reduce(
      (sum, { value }) => sum + value,
      0,
    ) ?? 0

  it('F3: an offer that reached another camera than it asks for, whatever the routing tables say', async () => {
    const log = start()
    const other = socket({ account: 'bob', cam: (await generateKeyPair()).id })
    const exchange = log.open({ envelope: await anOffer(view, cam.id), from: viewer, asked: cam.id })
    exchange.sent(other)
    exchange.replied({ hint: 'no_reply' })
    log.close()
    assert.deepEqual(rows(), ['offer sent astray', 'hint no_reply astray'])
    const [row] = written.flat()
    assert.deepEqual([row?.asked, row?.reached, row?.toPseud], [cam.id, other.data.cam, 3])
    assert.equal(await metric('mixed_up_total'), 2)
  })

  it('attack 2: an answer of another attempt, another camera, for another viewer', async () => {
    const log = start()
    const camera = socket({ account: 'alice', cam: cam.id })
    const offer = await anOffer(view, cam.id)
    const { sid } = readClaims(offer)
    const payload = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString())
    const answer = async (change: object): Promise<string> => {
      const [header, body, signature] = (await anAnswer(cam, view.id)).split('.')
      const changed = { ...payload(`${header}.${body}.`), sid, ...change }
      return `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`
    }
    const [another, x] = [(await generateKeyPair()).id, 'x'.repeat(22)]
    for (const change of [{}, { sid: x }, { iss: another }, { aud: another }]) {
      const exchange = log.open({ envelope: offer, from: viewer, asked: cam.id })
      exchange.sent(camera)
      exchange.replied({ answer: await answer(change) })
    }
    log.close()
    const replies = rows().filter(row => row.startsWith('answer'))
    assert.deepEqual(replies, ['answer passed', ...Array(3).fill('answer foreign_answer astray')])
    assert.equal(new Set(written.flat().map(({ session }) => session)).size, 1)
  })

  it('a beacon of another camera than the socket proved', async () => {
    const log = start()
    log.received(await aBeacon(cam), socket({ cam: cam.id }))
    log.received(await aBeacon(cam), socket({ cam: view.id }))
    log.close()
    assert.deepEqual(rows(), ['beacon kept', 'beacon foreign_answer astray'])
  })

  it('writes what came together together, and soon', async () => {
    const log = start()
    const envelope = await anOffer(view, cam.id)
    for (let i = 0; i < 200; i++)
      log.open({ envelope, from: viewer, asked: cam.id }).replied({ hint: 'offline' })
    await until(() => written.length > 0, { what: 'a batch', timeout: 30_000 })
    assert.equal(written.flat().length, 200)
    assert.equal(written.length, 1)
    log.close()
  })

  it('never waits: what is too much is counted and left out', async () => {
    const log = start()
    const envelope = await anOffer(view, cam.id)
    for (let i = 0; i < 10_500; i++)
      log.open({ envelope, from: viewer, asked: cam.id }).replied({ hint: 'offline' })
    assert.equal(lost, 500)
    log.close()
    assert.equal(written.flat().length, 10_000)
    assert.equal(await metric('log_dropped_total'), 500)
  })

  it('goes on when the disk does not', async () => {
    const log = start()
    working = false
    const envelope = await anOffer(view, cam.id)
    log.open({ envelope, from: viewer, asked: cam.id }).replied({ hint: 'offline' })
    await until(async () => (await metric('log_dropped_total')) === 1, {
      what: 'the loss is counted',
      timeout: 30_000,
    })
    working = true
    log.open({ envelope, from: viewer, asked: cam.id }).replied({ hint: 'offline' })
    log.close()
    assert.equal(written.flat().length, 1)
  })

  it('attack 22: takes anything for an envelope, and believes no form', () => {
    const jws = (payload: string) => `eyJ.${Buffer.from(payload).toString('base64url')}.x`
    for (const strange of [
      '',
      '.',
      '..',
      'a.b.c',
      jws('{'),
      jws('null'),
      jws('[]'),
      jws('"x"'),
      jws('{"sid":5}'),
    ])
      assert.deepEqual(readClaims(strange), { typ: 'none', size: strange.length })
    assert.deepEqual(readClaims(jws('{"sid":"../../etc","iss":"<b>","aud":""}')).sid, undefined)
    assert.deepEqual(readReply({ refused: 'a code of the camera, or a love letter' }), {
      typ: 'refused',
      size: 0,
    })
  })

  it('a camera’s first eight characters and 48 bits are the same thing', () => {
    for (const id of [cam.id, view.id, 'A'.repeat(43), '_'.repeat(43)])
      assert.equal(camText(camBits(id)), id.slice(0, 8))
  })
})

describe('writing the log of routed messages', () => {
  let folder: string
  let db: DatabaseSync
  beforeEach(() => {
    folder = tempFolder('writer')
    db = openFile(folder, LOG_FILE, LOG_MIGRATIONS)
  })
  afterEach(() => {
    db.close()
    removeTemp(folder)
  })
  const row = (t: number, more: Partial<Row> = {}): Row => ({
    ...{ t, typ: 'offer', result: 'sent', fromConn: 1, toConn: 2, fromPseud: 3, toPseud: 4 },
    ...{ asked: 'c'.repeat(43), reached: 'c'.repeat(43), size: 1, suspect: false, ...more },
  })
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)

  it('all of a batch, or nothing of it and a note of the gap', () => {
    const writer = openRowWriter(db, run, 1)
    assert.ok(writer.write([row(10)]))
    assert.ok(!writer.write([row(20), row(21, { size: null as unknown as number }), row(22)]))
    assert.equal(count('routed'), 1)
    assert.ok(writer.write([row(30)]))
    assert.deepEqual(
      { ...db.prepare('SELECT first, last, rows FROM missing').get() },
      { first: 20, last: 22, rows: 3 },
    )
    assert.equal(count('routed'), 2)
  })

  it('counts what it writes: minutes and days agree with the sessions, also when a result changes', () => {
    const writer = openRowWriter(db, run, 1)
    for (let i = 0; i < 50; i++) {
      const t = i * 7000
      const session = {
        ...{ sid: new Uint8Array(16), asked: 'c'.repeat(43), first: t, last: t },
        ...{ messages: 0, suspect: false, result: '' },
      }
      writer.write([row(t, { session })])
      if (i % 3) writer.write([row(t + 40, { session, typ: 'answer', result: 'passed' })])
    }
    const counted = 'SELECT t, run, result, sessions FROM minutes WHERE sessions <> 0 ORDER BY 1, 2, 3'
    const real =
      'SELECT first / 60000 * 60000 AS t, run, result, count(*) AS sessions FROM sessions GROUP BY 1, 2, 3'
    assert.deepEqual(db.prepare(counted).all(), db.prepare(real).all())
    assert.equal(count('camera_days'), 1)
  })

  it('is durable: WAL with synchronous=FULL', () => {
    assert.equal(db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
    assert.equal(db.prepare('PRAGMA synchronous').get()?.synchronous, 2)
  })
})
