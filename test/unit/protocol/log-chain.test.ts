import assert from 'node:assert/strict'
import { randomId, toBase64url } from '@ownsight/protocol/bytes'
import { LOG_LINE_MAX_BYTES } from '@ownsight/protocol/limits'
import {
  compareHeads,
  type LogEvent,
  type LogPlace,
  logStart,
  nextLine,
  openHead,
  parseLine,
  readLines,
  sealHead,
} from '@ownsight/protocol/log-chain'
import { faults, type Home, newHome, now } from './fixtures.ts'

describe('protocol: the camera’s log', () => {
  let home: Home
  let start: LogPlace
  const hash = toBase64url(new Uint8Array(32))
  const events: LogEvent[] = [
    { e: 'boot', fw: 'test' },
    { e: 'pair', n: 1, doc: hash, iss: hash },
    { e: 'policy', n: 2, doc: hash, iss: hash, privacy: false },
    { e: 'redeem', inv: hash, k: hash, code: 'bound' },
    { e: 'refused', viewer: hash, sid: randomId(), oh: hash, code: 'replay' },
    { e: 'live', viewer: hash, sid: randomId(), oh: hash, n: 2 },
    { e: 'close', viewer: hash, sid: randomId(), reason: 'bye', s: 12, path: 'host' },
    { e: 'ignored', c: { bad_sig: 2 } },
    { e: 'clock', floor: 1, plausible: true },
  ]
  async function write(from: LogPlace, list = events): Promise<{ lines: string[]; place: LogPlace }> {
    const lines: string[] = []
    let place = from
    for (const event of list) {
      const next = await nextLine(place, 1_000, event)
      lines.push(next.line)
      place = next.place
    }
    return { lines, place }
  }
  before(async () => {
    home = await newHome()
    start = await logStart(home.cam.id)
  })

  it('reads back each kind of line, in order', async () => {
    const { lines, place } = await write(start)
    const read = await readLines(start, lines)
    assert.deepEqual(read.place, place)
    assert.deepEqual(
      read.entries.map(({ i, t, ph, ...event }) => event),
      events,
    )
  })

  it('reads on from any place it has seen', async () => {
    const { lines } = await write(start)
    const first = await readLines(start, lines.slice(0, 4))
    assert.equal((await readLines(first.place, lines.slice(4))).entries.length, events.length - 4)
  })

  it('attack 47: a line changed, left out, doubled, moved or invented breaks the chain', async () => {
    const { lines } = await write(start)
    const broken = [
      lines.with(2, (lines[2] ?? '').replace('"n":2', '"n":3')),
      lines.toSpliced(3, 1),
      lines.toSpliced(3, 0, lines[3] ?? ''),
      lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''),
      lines.toSpliced(4, 0, (await nextLine(start, 1, { e: 'boot', fw: 'x' })).line),
    ]
    for (const each of broken) await faults('bad_hash', () => readLines(start, each), 'ph')
  })

  it('attack 47: a number or a hash alone is not enough', async () => {
    const { line } = await nextLine({ i: 0, h: hash }, 1, { e: 'boot', fw: 'x' })
    await faults('bad_hash', () => readLines(start, [line]))
    const renumbered = await nextLine({ i: 1, h: start.h }, 1, { e: 'boot', fw: 'x' })
    await faults('bad_hash', () => readLines(start, [renumbered.line]))
  })

  it('the log of another camera does not begin here', async () => {
    const { lines } = await write(await logStart(home.root.id))
    await faults('bad_hash', () => readLines(start, lines))
  })

  it('what is no line is refused: unknown kind, unknown member, text in place of a code', async () => {
    const { line } = await nextLine(start, 1, { e: 'boot', fw: 'x' })
    const bad = [
      '',
      'null',
      '{}',
      line.replace('boot', 'boat'),
      line.replace('"fw"', '"ip":"192.0.2.1","fw"'),
      line.replace('"t":1', '"t":-1'),
    ]
    for (const each of bad) await faults('bad_form', () => parseLine(each), 'line')
    const { line: refused } = await nextLine(start, 1, events[4] as LogEvent)
    await faults('bad_form', () => parseLine(refused.replace('replay', 'Front door')), 'line')
  })

  it('a code is 1 to 32 small letters, from its first character to its last', async () => {
    const { line } = await nextLine(start, 1, events[4] as LogEvent)
    parseLine(line.replace('replay', 'a'.repeat(32)))
    for (const code of ['', 'a'.repeat(33), 'replay now', ' replay', 'Replay'])
      await faults('bad_form', () => parseLine(line.replace('replay', code)), 'line')
  })

  it('says of what is no JSON that it is none', async () => {
    assert.match((await faults('bad_form', () => parseLine('{'))).message, /JSON/)
  })

  it('a line of just the length that is allowed is written', async () => {
    const { line: short } = await nextLine(start, 1, { e: 'boot', fw: '' })
    const room = LOG_LINE_MAX_BYTES - short.length
    const boot = (size: number) => nextLine(start, 1, { e: 'boot', fw: 'x'.repeat(size) })
    assert.equal((await boot(room)).line.length, LOG_LINE_MAX_BYTES)
    await faults('limit', () => boot(room + 1), 'line')
  })

  it('a line that is too long is not written', async () => {
    const c = Object.fromEntries(
      Array.from({ length: 99 }, (_, i) => [
        `${'a'.repeat(20)}_${'b'.repeat(i % 10)}${'c'.repeat(i / 10)}`,
        i,
      ]),
    )
    await faults('limit', () => nextLine(start, 1, { e: 'ignored', c }), 'line')
  })

  it('a head is the camera’s word', async () => {
    const c = { live: 1, ended: 1, foreign: 0, refused: {} }
    const head = await sealHead(home.cam, { i: 3, h: hash }, c)
    const opened = await openHead(head, home.cam.publicKey, home.cam.id)
    assert.deepEqual(opened.c, c)
    assert.ok(Math.abs(opened.iat - now()) < 60)
    await faults('bad_sig', () => openHead(head, home.root.publicKey, home.cam.id))
    await faults('unknown_viewer', () => openHead(head, home.cam.publicKey, home.root.id))
  })

  it('attack 47: a log that got shorter, or another one of the same length', () => {
    const seen = { i: 5, h: hash }
    assert.equal(compareHeads(seen, { i: 5, h: hash }), 'same')
    assert.equal(compareHeads(seen, { i: 6, h: hash }), 'longer')
    assert.equal(compareHeads(seen, { i: 4, h: hash }), 'shorter')
    assert.equal(compareHeads(seen, { i: 5, h: `${hash.slice(0, -1)}E` }), 'forked')
  })
})
