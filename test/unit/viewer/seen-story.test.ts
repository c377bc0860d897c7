import assert from 'node:assert/strict'
import type { LogEntry } from '@ownsight/protocol/log-chain'
import { nameOfKey, storyOf } from '../../../viewer/src/seen-story.ts'

const id = (letter: string): string => letter.repeat(43)
const [ME, ANNA, STRANGER, ADMIN, ROOT] = [id('m'), id('a'), id('s'), id('d'), id('r')]
const names = {
  people: [
    { view: ANNA, name: "Anna's phone" },
    { view: id('i'), name: 'Uncle' },
  ],
  own: { view: ME, admin: ADMIN },
  root: ROOT,
}
const NOON = Date.UTC(2026, 10, 21, 12)
const MINUTE = 60_000
const DAY = 86_400_000

/** Lines of these events in a row; where they stand in the chain does not matter to a story. */
function log(...events: ({ t: number; e: LogEntry['e'] } & Record<string, unknown>)[]): LogEntry[] {
  return events.map((event, i) => ({ i, ph: id('h'), ...event }) as unknown as LogEntry)
}
const visit = (t: number, viewer: string, s: number, sid: string) => [
  { t, e: 'live' as const, viewer, sid, oh: id('o'), n: 1 },
  { t: t + s * 1000, e: 'close' as const, viewer, sid, reason: 'bye', s, path: 'host' },
]
const texts = (entries: LogEntry[]) =>
  storyOf(entries, names, 'UTC').map(({ items }) => items.map(({ text }) => text))

describe('viewer: the log as a person reads it', () => {
  it('tells who watched and for how long, newest day first, one line for each on a day', () => {
    const story = texts(
      log(
        ...visit(NOON - DAY, ANNA, 180, '1'),
        ...visit(NOON, ANNA, 40, '2'),
        ...visit(NOON + MINUTE, ME, 3700, '3'),
        ...visit(NOON + 90 * MINUTE, ANNA, 80, '4'),
      ),
    )
    assert.deepEqual(story, [
      ["Anna's phone watched 2 times, 2 min in all", 'This device watched for 1 h 2 min'],
      ["Anna's phone watched for 3 min"],
    ])
  })

  it('a view that moved to other networks is one visit, in all sessions it needed', () => {
    const moved = [...visit(NOON, ANNA, 60, '1'), ...visit(NOON + 59_000, ANNA, 61, '2')]
    const entries = log(
      ...moved,
      ...visit(NOON + 125_000, ANNA, 55, '3'),
      ...visit(NOON + 121_000, ME, 9, '4'),
    )
    assert.deepEqual(texts(entries), [['This device watched for 9 s', "Anna's phone watched for 3 min"]])
    const later = log(...visit(NOON, ANNA, 60, '1'), ...visit(NOON + 76_000, ANNA, 60, '2'))
    assert.deepEqual(texts(later), [["Anna's phone watched 2 times, 2 min in all"]])
  })

  it('marks what nobody on the list did, and does not speak of attempts that mend themselves', () => {
    const [day] = storyOf(
      log(
        ...visit(NOON, STRANGER, 60, '1'),
        { t: NOON, e: 'policy', n: 2, doc: id('p'), iss: id('x'), privacy: false },
        { t: NOON, e: 'refused', viewer: ANNA, sid: '2', oh: id('o'), code: 'stale_win' },
        { t: NOON, e: 'close', viewer: ANNA, sid: '3', reason: 'lost', s: 0, path: 'unknown' },
      ),
      names,
      'UTC',
    )
    assert.deepEqual(
      day?.items.map(({ text, alert }) => [text, alert]),
      [
        ['A device you do not know (ssss…) watched for 1 min', true],
        ['A device you do not know (xxxx…) changed who may watch', true],
      ],
    )
  })

  it('counts attempts without permission, refusals, links and what must never be', () => {
    const refusal = { e: 'refused' as const, viewer: ANNA, sid: '1', oh: id('o'), code: 'expired' }
    const [day] = texts(
      log(
        { t: NOON, e: 'ignored', c: { unknown_viewer: 5, not_live: 2 } },
        { t: NOON + 1, e: 'ignored', c: { unknown_viewer: 7, bad_sig: 1, foreign: 1 } },
        { t: NOON + 2, ...refusal },
        { t: NOON + 3, ...refusal },
        { t: NOON + 4, e: 'redeem', inv: id('i'), k: STRANGER, code: 'used' },
        { t: NOON + 5, e: 'redeem', inv: id('i'), k: ANNA, code: 'waiting' },
      ),
    )
    assert.deepEqual(day, [
      'The invitation for Uncle was opened',
      'The invitation for Uncle was opened on a second device, and refused',
      "Anna's phone tried to watch after their time had ended, and was refused, 2 times",
      'Someone without permission tried, 12 times. They saw nothing',
      'Messages that were not in order came, and were ignored',
      'The camera served somebody it should not have: update it',
    ])
  })

  it('tells privacy from other changes, the kit from a device, and what a restart cut off', () => {
    const policy = (t: number, privacy: boolean, iss = ADMIN) => ({
      t,
      e: 'policy' as const,
      n: 1,
      doc: id('p'),
      iss,
      privacy,
    })
    const [live] = visit(NOON + 3, ANNA, 1, '1')
    const [own] = visit(NOON + 5, ME, 1, '2')
    const [day] = texts(
      log(
        { t: NOON, e: 'pair', n: 1, doc: id('p'), iss: ADMIN },
        policy(NOON + 1, true),
        policy(NOON + 2, false, ROOT),
        ...(live ? [live] : []),
        { t: NOON + 4, e: 'boot', fw: 'test' },
        ...(own ? [own] : []),
      ),
    )
    assert.deepEqual(day, [
      'The camera started',
      "Anna's phone watched until the camera stopped",
      'Your recovery kit switched the camera on again',
      'This device switched the camera to private',
      'This device paired the camera',
    ])
  })

  it('knows a link by whom was let in with it', () => {
    const [day] = texts(
      log(
        { t: NOON, e: 'redeem', inv: id('v'), k: ANNA, code: 'waiting' },
        { t: NOON + 1, e: 'redeem', inv: id('v'), k: STRANGER, code: 'used' },
      ),
    )
    assert.deepEqual(day, [
      "The invitation for Anna's phone was opened on a second device, and refused",
      "The invitation for Anna's phone was opened",
    ])
  })

  it('names keys by the list, this device and the kit', () => {
    assert.deepEqual(
      [ME, ADMIN, ANNA, ROOT, STRANGER].map(key => nameOfKey(key, names)),
      ['This device', 'This device', "Anna's phone", 'Your recovery kit', 'A device you do not know (ssss…)'],
    )
  })
})
