import assert from 'node:assert/strict'
import { appendFileSync, cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CameraLog, openCameraLog } from '@ownsight/camera-agent/camera-log'
import { ProtocolFault } from '@ownsight/protocol/errors'
import { generateKeyPair, type KeyPair } from '@ownsight/protocol/ids'
import { LOG_KEPT_S } from '@ownsight/protocol/limits'
import { compareHeads, type LogPlace, logStart, openHead, readLines } from '@ownsight/protocol/log-chain'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const DAY_MS = 86_400_000
const sid = 'A'.repeat(22)

describe('camera log', () => {
  let folder: string
  let cam: KeyPair
  let log: CameraLog
  let now = 1_800_000_000_000

  beforeEach(async () => {
    folder = tempFolder('log')
    cam = await generateKeyPair()
    now = 1_800_000_000_000
    log = await open()
  })
  afterEach(async () => {
    await log.close()
    removeTemp(folder)
  })
  const open = () => openCameraLog(folder, cam, () => now)
  async function reopen(): Promise<void> {
    await log.close()
    log = await open()
  }
  const boot = (fw = 'test') => log.append({ e: 'boot', fw })
  const live = () => log.append({ e: 'live', viewer: cam.id, sid, oh: cam.id, n: 1 })
  const files = () => readdirSync(folder).filter(name => name.endsWith('.jsonl'))
  const newest = () => join(folder, files().at(-1) ?? '')

  /** What an admin's device does: everything from a place on, page by page. */
  async function readAll(after?: LogPlace) {
    let place = after ?? (await logStart(cam.id))
    let entries: string[] = []
    for (;;) {
      const page = await log.page(place.i)
      const read = await readLines(place, page.lines)
      place = read.place
      entries = [...entries, ...read.entries.map(({ e }) => e)]
      const head = await openHead(page.head, cam.publicKey, cam.id)
      if (!page.more) return { entries, place, head }
    }
  }
  /** The same device later, with what it remembers. */
  async function verdict(seen: LogPlace): Promise<string> {
    const head = await openHead(await log.head(), cam.publicKey, cam.id)
    const found = compareHeads(seen, head)
    if (found !== 'longer') return found
    return readAll(seen).then(
      () => 'longer',
      error => (error instanceof ProtocolFault ? 'forked' : String(error)),
    )
  }

  it('chains its lines from the id of its camera, over a start', async () => {
    await boot()
    await reopen()
    await boot()
    const { entries, place, head } = await readAll()
    assert.deepEqual(entries, ['boot', 'boot'])
    assert.deepEqual({ i: head.i, h: head.h }, place)
    assert.deepEqual(log.place(), place)
  })

  it('takes lines one after another, however they come', async () => {
    await Promise.all(Array.from({ length: 20 }, () => boot()))
    assert.equal((await readAll()).entries.length, 20)
  })

  it('M-13.7 drops what a crash left of the last line, and goes on', async () => {
    await boot()
    const whole = log.place()
    await boot()
    for (const rest of ['{"i":1,"t":18', '{"i":1,"t":18\n', '\0'.repeat(40), '\0\0\0\n']) {
      await log.close()
      const text = readFileSync(newest(), 'utf8')
      writeFileSync(newest(), text.slice(0, text.indexOf('\n') + 1) + rest)
      log = await open()
      assert.deepEqual(log.place(), whole, JSON.stringify(rest))
      await boot()
      assert.equal((await readAll()).entries.length, 2)
    }
  })

  it('uses a file that was made and got no line', async () => {
    writeFileSync(join(folder, 'log-000000.jsonl'), '')
    await reopen()
    await boot()
    assert.deepEqual(files(), ['log-000000.jsonl'])
    assert.equal((await readAll()).entries.length, 1)
  })

  it('gives pages that fit into one message, and the head they lead up to', async () => {
    for (let i = 0; i < 300; i++) await boot('x'.repeat(60))
    const first = await log.page(0)
    assert.equal(first.more, true)
    assert.ok(JSON.stringify(first).length < 32 * 1024)
    assert.equal((await readAll()).entries.length, 300)
    assert.deepEqual((await log.page(10_000)).lines, [])
  })

  it('counts what its lines say, and the same after a start', async () => {
    await live()
    await log.append({ e: 'close', viewer: cam.id, sid, reason: 'bye', s: 3, path: 'host' })
    await log.append({ e: 'close', viewer: cam.id, sid, reason: 'not_confirmed', s: 0, path: 'unknown' })
    await log.append({ e: 'refused', viewer: cam.id, sid, oh: cam.id, code: 'replay' })
    await log.append({ e: 'ignored', c: { replay: 2, bad_sig: 1, foreign: 1 } })
    const expected = { live: 1, ended: 1, foreign: 1, refused: { replay: 3, bad_sig: 1 } }
    assert.deepEqual(log.counters(), expected)
    await reopen()
    assert.deepEqual(log.counters(), expected)
    assert.deepEqual((await openHead(await log.head(), cam.publicKey, cam.id)).c, expected)
  })

  it('M-13.8 keeps every line of ninety days, drops whole files only, and loses no count', async () => {
    for (let day = 0; day < 5; day++) {
      await live()
      now += DAY_MS
    }
    assert.equal(files().length, 5)
    const seen = log.place()
    const floor = 1_800_000_000 + LOG_KEPT_S
    await log.dropBefore(floor + 1)
    assert.deepEqual(files().length, 4)
    await log.dropBefore(floor - 86_400)
    assert.deepEqual(files().length, 4)
    const first = JSON.parse((await log.page(0)).lines[0] ?? '')
    assert.equal(first.i, 1)
    await readLines({ i: 1, h: first.ph }, (await log.page(0)).lines)
    assert.equal(log.counters().live, 5)
    await reopen()
    assert.equal(log.counters().live, 5)
    assert.equal(await verdict(seen), 'same')
    await log.dropBefore(floor + 1e9)
    assert.equal(files().length, 1, 'the last line is always kept')
  })

  it('counts nothing twice where a crash came between the count and the end of a file', async () => {
    await live()
    now += DAY_MS
    await live()
    const copy = tempFolder('copy')
    cpSync(folder, copy, { recursive: true })
    await log.dropBefore(1_800_000_000 + LOG_KEPT_S + 1)
    cpSync(join(copy, 'log-000000.jsonl'), join(folder, 'log-000000.jsonl'))
    await reopen()
    assert.equal(log.counters().live, 2)
    removeTemp(copy)
  })

  describe('on a disk that fails', () => {
    type Handle = { sync(): Promise<void> }
    let prototype: Handle
    let sync: Handle['sync']
    before(async () => {
      const file = await openFile(import.meta.filename, 'r')
      prototype = Object.getPrototypeOf(file)
      await file.close()
    })
    beforeEach(() => {
      sync = prototype.sync
    })
    afterEach(() => {
      prototype.sync = sync
    })
    const fail = () => {
      prototype.sync = () => Promise.reject(new Error('EIO'))
    }

    it('M-13.9 a line that is not durable has no place, and the log says that it is not ready', async () => {
      await boot()
      const whole = log.place()
      fail()
      await assert.rejects(boot('a long line that is shorter the next time'))
      assert.deepEqual(log.place(), whole)
      assert.equal((await log.page(0)).lines.length, 1, 'nobody is shown what may be gone tomorrow')
      assert.equal(await log.ready(), false)
      prototype.sync = sync
      assert.equal(await log.ready(), true)
      await boot()
      assert.deepEqual((await readAll()).entries, ['boot', 'ignored', 'boot'])
      await reopen()
      assert.deepEqual((await readAll()).entries, ['boot', 'ignored', 'boot'])
    })

    it('the same for the first line of a new file', async () => {
      await boot()
      now += DAY_MS
      fail()
      await assert.rejects(boot())
      prototype.sync = sync
      await boot()
      assert.equal((await readAll()).entries.length, 2)
      assert.equal(files().length, 2)
    })
  })

  it('takes no line once it is closed', async () => {
    await log.close()
    await assert.rejects(boot())
    log = await open()
    assert.equal(log.place().i, 0)
  })

  describe('attack 47', () => {
    async function history(): Promise<LogPlace> {
      for (let i = 0; i < 5; i++) await live()
      const seen = log.place()
      await log.close()
      return seen
    }
    const lines = () => readFileSync(newest(), 'utf8').split('\n').slice(0, -1)
    const write = (changed: string[]) => writeFileSync(newest(), `${changed.join('\n')}\n`)

    it('the tail was dropped: shorter, and forked once new lines have made up for it', async () => {
      const seen = await history()
      write(lines().slice(0, 3))
      log = await open()
      assert.equal(await verdict(seen), 'shorter')
      for (let i = 0; i < 2; i++) await boot()
      assert.equal(await verdict(seen), 'forked')
      await boot()
      assert.equal(await verdict(seen), 'forked')
    })

    it('an old backup was restored: shorter', async () => {
      await boot()
      const backup = readFileSync(newest())
      const seen = await history()
      writeFileSync(newest(), backup)
      log = await open()
      assert.equal(await verdict(seen), 'shorter')
    })

    it('a line was changed: the chain breaks for whoever reads it', async () => {
      await history()
      write(lines().map((line, i) => (i === 2 ? line.replace('"n":1', '"n":2') : line)))
      log = await open()
      await assert.rejects(readAll(), { code: 'bad_hash' })
    })

    it('a line was changed and all after it chained anew: forked', async () => {
      const seen = await history()
      const other = tempFolder('forger')
      const forged = await openCameraLog(other, cam, () => now)
      for (let i = 0; i < 5; i++)
        await forged.append({ e: 'live', viewer: cam.id, sid, oh: cam.id, n: 1 + i })
      await forged.close()
      cpSync(join(other, 'log-000000.jsonl'), newest())
      log = await open()
      assert.equal(await verdict(seen), 'forked')
      await boot()
      assert.equal(await verdict(seen), 'forked')
      removeTemp(other)
    })

    it('a torn end is not tampering', async () => {
      const seen = await history()
      appendFileSync(newest(), '{"i":5')
      log = await open()
      assert.equal(await verdict(seen), 'same')
      await boot()
      assert.equal(await verdict(seen), 'longer')
      truncateSync(newest(), 0)
    })
  })
})
