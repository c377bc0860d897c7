import assert from 'node:assert/strict'
import { parseToCamera } from '@ownsight/protocol/channel'
import { openEnvelope } from '@ownsight/protocol/envelope'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import {
  type LogEvent,
  type LogPlace,
  lineHash,
  logStart,
  nextLine,
  sealHead,
} from '@ownsight/protocol/log-chain'
import { readLog, remember, type SeenFault, type SeenHead, takeNote } from '../../../viewer/src/seen.ts'

const TH = 'A'.repeat(43)
const COUNTERS = { live: 0, ended: 0, foreign: 0, refused: {} }

describe('viewer: the camera’s log', () => {
  let cam: KeyPair
  let admin: KeyPair
  let lines: string[]
  const boot: LogEvent = { e: 'boot', fw: 'test' }
  beforeEach(async () => {
    cam = await generateKeyPair()
    admin = await generateKeyPair()
    lines = await written(10)
  })

  async function written(count: number, event = boot, camId = cam.id): Promise<string[]> {
    const made: string[] = []
    let place = await logStart(camId)
    for (let i = 0; i < count; i++) {
      const next = await nextLine(place, 1000 + i, event)
      made.push(next.line)
      place = next.place
    }
    return made
  }
  const placeAfter = async (count: number): Promise<LogPlace> =>
    count === 0 ? logStart(cam.id) : { i: count, h: await lineHash(lines[count - 1] ?? '') }

  /** A camera that shows `shown` in pages, from the first line it kept, under a head for `head`. */
  async function read(
    seen: SeenHead | undefined,
    camera: {
      kept?: number
      page?: number
      head?: LogPlace
      signer?: KeyPair
      shown?: number
      from?: number
    } = {},
  ) {
    const { kept = 0, page = 4, signer = cam } = camera
    const end = camera.head ?? { i: lines.length, h: await lineHash(lines.at(-1) ?? '') }
    const session = {
      th: TH,
      async request(question: { t: string; read?: string }) {
        const sent = parseToCamera(JSON.stringify({ ...question, id: 1 }))
        assert.ok(sent.t === 'read')
        const { payload } = await openEnvelope('os1-read', sent.read, () => admin.publicKey, cam.id)
        assert.equal(payload.th, TH)
        const from = camera.from ?? Math.max(payload.from ?? 0, kept)
        const part = lines.slice(from, from + page)
        const head = await sealHead({ ...signer, id: cam.id }, end, COUNTERS)
        return { t: 'log' as const, id: 1, lines: part, more: from + page < lines.length, head }
      },
    }
    const camId = { camId: cam.id, key: cam.publicKey }
    return readLog(camId, admin, session as never, seen, camera.shown)
  }
  const seenAfter = async (count: number, at = Date.now()): Promise<SeenHead> => ({
    ...(await placeAfter(count)),
    at,
  })

  it('is read in pages to its head, and holds what was seen before', async () => {
    const first = await read(undefined)
    assert.equal(first.alarm, undefined)
    assert.equal(first.entries.length, 10)
    assert.deepEqual(first.head, await placeAfter(10))
    for (const count of [0, 3, 4, 8, 10]) assert.equal((await read(await seenAfter(count))).alarm, undefined)
  })

  it('shows the newest lines, and still goes back to what was seen', async () => {
    assert.equal((await read(undefined, { shown: 3 })).entries.length, 3)
    const seen = await seenAfter(2)
    assert.equal((await read(seen, { shown: 3 })).entries.length, 8)
    assert.equal((await read({ ...seen, h: TH }, { shown: 3 })).alarm, 'rewritten')
  })

  it('says that its end is gone', async () => {
    const seen = await seenAfter(10)
    lines = lines.slice(0, 7)
    assert.equal((await read(seen)).alarm, 'shorter')
  })

  it('says that it was rewritten: another history, a changed line, a line too few, a head for other lines', async () => {
    const seen = await seenAfter(6)
    const honest = lines
    lines = await written(12, { e: 'boot', fw: 'other' })
    assert.equal((await read(seen)).alarm, 'rewritten')
    lines = honest.map((line, i) => (i === 3 ? line.replace('test', 'tset') : line))
    assert.equal((await read(undefined)).alarm, 'rewritten')
    lines = honest.filter((_, i) => i !== 3)
    assert.equal((await read(undefined)).alarm, 'rewritten')
    lines = honest
    assert.equal((await read(undefined, { head: { i: 12, h: TH } })).alarm, 'rewritten')
    assert.equal((await read(undefined, { head: { i: 10, h: TH } })).alarm, 'rewritten')
  })

  it('says so too: as long as before, lines of another camera, lines that were not asked for, no lines', async () => {
    const seen = await seenAfter(10)
    const honest = lines
    lines = await written(10, { e: 'boot', fw: 'other' })
    assert.equal((await read(seen)).alarm, 'rewritten')
    assert.equal((await read(seen, { shown: 0 })).alarm, 'rewritten')
    lines = await written(10, boot, (await generateKeyPair()).id)
    assert.equal((await read(undefined)).alarm, 'rewritten')
    lines = honest
    assert.equal((await read(undefined, { shown: 3, from: 2, page: 20 })).alarm, 'rewritten')
    assert.equal((await read(undefined, { page: 0 })).alarm, 'rewritten')
  })

  it('lets old lines go, and says when young ones are gone', async () => {
    const monthsAgo = Date.now() - 120 * 86_400_000
    assert.equal((await read(undefined, { kept: 5 })).alarm, undefined)
    assert.equal((await read(await seenAfter(5), { kept: 5 })).alarm, undefined)
    assert.equal((await read(await seenAfter(2, monthsAgo), { kept: 5 })).alarm, undefined)
    assert.equal((await read(await seenAfter(2), { kept: 5 })).alarm, 'cut')
  })

  it('believes no head of another key', async () => {
    const signer = await generateKeyPair()
    await assert.rejects(read(undefined, { signer }), (error: SeenFault) => error.code === 'foreign_answer')
  })

  it('an alarm stays, and the place before it, until somebody has taken note', async () => {
    const heads = new Map<string, SeenHead>()
    let alarms: { [camId: string]: string } = {}
    const store = {
      head: async (camId: string) => heads.get(camId),
      saveHead: async (camId: string, head: SeenHead) => void heads.set(camId, head),
      marks: async () => alarms,
      mark: async (_: 'alarms', camId: string, value: string | undefined) => {
        const { [camId]: __, ...rest } = alarms
        alarms = value === undefined ? rest : { ...rest, [camId]: value }
      },
    }
    await remember(store, cam.id, await read(undefined))
    const seen = await store.head(cam.id)
    const honest = lines
    lines = lines.slice(0, 7)
    const short = await read(seen)
    await remember(store, cam.id, short)
    lines = honest
    await remember(store, cam.id, await read(seen))
    assert.deepEqual([alarms[cam.id], (await store.head(cam.id))?.i], ['shorter', 10])
    await takeNote(store, cam.id, short.head)
    assert.deepEqual([alarms[cam.id], (await store.head(cam.id))?.i], [undefined, 7])
  })
})
