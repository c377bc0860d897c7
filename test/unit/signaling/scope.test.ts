import assert from 'node:assert/strict'
import type { KeyPair } from '@ownsight/protocol/ids'
import { sealHead } from '@ownsight/protocol/log-chain'
import { exitCode, type Scope, scope } from '@ownsight/signaling/scope'
import { headline, scopeText } from '@ownsight/signaling/scope-text'
import { parseTime } from '@ownsight/signaling/scope-window'
import { openScopeLog, type ScopeLog } from '../../support/scope-log.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** The window that is asked about: an hour. */
const FROM = Date.UTC(2026, 10, 20, 12)
const TO = FROM + HOUR
const NOW = TO + 2 * HOUR

describe('scope: which sessions could have been affected', () => {
  let story: ScopeLog
  let front: KeyPair
  let garage: KeyPair
  beforeEach(async () => {
    story = openScopeLog()
    front = await story.camera()
    garage = await story.camera()
  })
  afterEach(() => story.close())

  const ask = (more: { [name: string]: string | number } = {}, sessions = 20): Promise<Scope> =>
    scope(story.log, { from: FROM, to: TO, ...more }, sessions, NOW)
  const quietHeads = async (cam: KeyPair) => {
    await story.head(cam, FROM - 10 * MINUTE, 4)
    await story.head(cam, TO + 5 * MINUTE, 9)
  }
  const run = () => {
    const writer = story.run(FROM - HOUR)
    return { writer, end: () => writer.close(TO + HOUR) }
  }

  it('says in the first line that nobody was harmed, where the cameras say so', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + 1000, { cam: front.id })
    await quietHeads(front)
    end()
    const answer = await ask()
    assert.equal(headline(answer), '0 sessions harmed; no attempts')
    assert.equal(exitCode(answer), 0)
    assert.equal(scopeText(answer).split('\n')[0], headline(answer))
  })

  it('counts a session that has a message in the window, once, and no other', async () => {
    const { writer, end } = run()
    const times = [-HOUR / 2, -20, 0, 1, 59_999, 60_000, HOUR / 2, HOUR - 1, HOUR, HOUR + MINUTE]
    const sids = times.map(at => story.session(writer, FROM + at, { cam: front.id }))
    end()
    const answer = await ask()
    assert.equal(answer.sessions.total, 7, 'of which one began 20 ms before and was answered within')
    assert.deepEqual(
      answer.sessions.first.map(({ sid }) => sid),
      sids.slice(1, 8),
    )
    const seconds = await scope(story.log, { from: FROM + 59_999, to: FROM + 60_000 }, 20, NOW)
    assert.equal(seconds.sessions.total, 1)
    assert.equal((await ask({}, 2)).sessions.first.length, 2)
  })

  it('tells builds, runs and integrations apart', async () => {
    for (const [build, instance, integration] of [
      ['1', 'aaaaaaaa', 'own'],
      ['2', 'bbbbbbbb', 'own'],
      ['2', 'cccccccc', 'google'],
    ] as const) {
      const writer = story.run(FROM - HOUR, build, instance, integration)
      story.session(writer, FROM + MINUTE, { cam: front.id })
      writer.close(TO + HOUR)
    }
    const total = async (more: { [name: string]: string }) => (await ask(more)).sessions.total
    assert.equal(await total({}), 3)
    assert.equal(await total({ build: '2' }), 2)
    assert.equal(await total({ instance: 'aaaaaaaa' }), 1)
    assert.equal(await total({ build: '2', integration: 'google' }), 1)
    const none = await ask({ build: '3' })
    assert.deepEqual([none.sessions.total, none.gaps], [0, [{ kind: 'no_run' }]])
    assert.match(headline(none), /this log has gaps/)
  })

  it('marks attempts: what the server misrouted and what cameras refused, told once', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    for (const at of [2, 3])
      story.session(writer, FROM + at * MINUTE, { cam: front.id, reached: garage.id, reply: 'refused' })
    await quietHeads(front)
    await story.head(garage, FROM - MINUTE, 4, { refused: { wrong_aud: 7, stale_win: 1 } })
    await story.head(garage, TO + MINUTE, 9, { refused: { wrong_aud: 9, stale_win: 40, replay: 1 } })
    end()
    const answer = await ask()
    assert.equal(headline(answer), '0 sessions harmed; 3 attempts, all refused by cameras')
    assert.deepEqual(
      answer.cameras.words.map(({ cam, refused }) => [cam, refused]),
      [[garage.id, { wrong_aud: 2, replay: 1 }]],
    )
    assert.equal(answer.attempts.strays.total, 4)
    assert.equal(answer.sessions.first.filter(({ suspect }) => suspect).length, 2)
    assert.equal(exitCode(answer), 0)
  })

  it('says how many attempts no camera speaks of', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id, reached: garage.id })
    await quietHeads(front)
    await quietHeads(garage)
    end()
    assert.match(headline(await ask()), /1 attempt, 1 of them without a camera's word/)
  })

  it('finds harm in a camera’s own count, with or without a session that the server knows of', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await quietHeads(front)
    await story.head(garage, FROM - MINUTE, 4)
    await story.head(garage, TO + MINUTE, 9, { foreign: 2 })
    end()
    const answer = await ask()
    assert.match(headline(answer), /^HARM: 2 sessions without a right/)
    assert.equal(exitCode(answer), 3)
    assert.match(
      scopeText(answer),
      new RegExp(`HARM\n {2}camera ${garage.id} {2}2 sessions live without a right between`),
    )
  })

  it('does not blame a window for what was before it or after', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await story.head(front, FROM - MINUTE, 4, { foreign: 1, refused: { replay: 3 } })
    await story.head(front, TO + MINUTE, 9, { foreign: 1, refused: { replay: 3 } })
    await story.head(front, TO + 20 * MINUTE, 12, { foreign: 2, refused: { replay: 9 } })
    end()
    assert.equal(headline(await ask()), '0 sessions harmed; no attempts')
  })

  it('vouches for nobody who does not speak: no head, too early, a clock behind', async () => {
    const { writer, end } = run()
    for (const cam of [front, garage]) story.session(writer, FROM + MINUTE, { cam: cam.id })
    await story.head(front, FROM - MINUTE, 4)
    await story.head(front, FROM + 20 * MINUTE, 5)
    end()
    const early = await ask()
    assert.equal(
      headline(early),
      '0 sessions harmed; no attempts; 1 camera has no signed head for this window: cannot be vouched for; 1 camera has no signed head for the end of it: cannot be vouched for',
    )
    await story.head(garage, TO + MINUTE, 5, {}, { signed: FROM - 10 * HOUR })
    const behind = await ask()
    assert.deepEqual(behind.cameras.words.map(({ doubt }) => doubt).sort(), ['head_too_early', 'no_head'])
  })

  it('a log that stands still speaks for the time it stood still', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id, reply: 'hint' })
    await story.head(front, FROM - 2 * HOUR, 4, { foreign: 1 })
    await story.head(front, FROM + MINUTE, 4, { foreign: 1 })
    await story.head(front, TO + MINUTE, 4, { foreign: 1 })
    end()
    assert.equal(headline(await ask()), '0 sessions harmed; no attempts')
  })

  it('a first head speaks for everything since the camera was paired', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await story.head(front, TO + MINUTE, 9, { foreign: 1, refused: { bad_sig: 2 } })
    end()
    const answer = await ask()
    assert.equal(answer.harmed, 1)
    assert.equal(answer.cameras.words[0]?.since, null)
    assert.match(scopeText(answer), /since it was paired/)
  })

  for (const [fault, write] of [
    [
      'one place with two hashes',
      (cam: KeyPair) => story.head(cam, FROM + 11 * MINUTE, 7, { live: 2 }, { h: 'x'.repeat(43) }),
    ],
    ['a log that became shorter', (cam: KeyPair) => story.head(cam, FROM + 11 * MINUTE, 5, { live: 2 })],
    ['a count that went back', (cam: KeyPair) => story.head(cam, FROM + 11 * MINUTE, 8, { live: 1 })],
  ] as const)
    it(`attack 47: ${fault} cannot be vouched for, and ends with 4`, async () => {
      const { writer, end } = run()
      story.session(writer, FROM + MINUTE, { cam: front.id })
      await story.head(front, FROM - MINUTE, 4, { live: 1 })
      await story.head(front, FROM + 10 * MINUTE, 7, { live: 2 })
      await write(front)
      await story.head(front, TO + MINUTE, 12, { live: 5 })
      end()
      const answer = await ask()
      assert.match(headline(answer), /1 camera contradicts itself: cannot be vouched for/)
      assert.equal(exitCode(answer), 4)
    })

  it('finds harm that a shortened log would hide', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await story.head(front, FROM - MINUTE, 4)
    await story.head(front, FROM + 10 * MINUTE, 7, { foreign: 1 })
    await story.head(front, FROM + 30 * MINUTE, 3)
    await story.head(front, TO + MINUTE, 9)
    end()
    const answer = await ask()
    assert.deepEqual([answer.harmed, exitCode(answer)], [1, 3])
  })

  it('does not believe a head that somebody wrote into the file', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await story.head(front, FROM - MINUTE, 4)
    await story.head(front, TO + MINUTE, 9, { foreign: 1 })
    end()
    const jws = String(story.log.prepare('SELECT jws FROM heads ORDER BY t DESC LIMIT 1').get()?.jws)
    const [header, body = '', signature] = jws.split('.')
    const clean = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"foreign":1', '"foreign":0'))
    story.log
      .prepare('UPDATE heads SET jws = ?')
      .run([header, clean.toString('base64url'), signature].join('.'))
    const answer = await ask()
    assert.equal(answer.cameras.words[0]?.doubt, 'bad_signature')
    assert.equal(exitCode(answer), 4)
  })

  it('does not believe another key that somebody put in the camera’s place', async () => {
    const { writer, end } = run()
    story.session(writer, FROM + MINUTE, { cam: front.id })
    await story.head(front, TO + MINUTE, 9, { foreign: 1 })
    end()
    const place = { i: 9, h: 'x'.repeat(43) }
    const clean = { live: 0, ended: 0, foreign: 0, refused: {} }
    const jws = await sealHead({ ...garage, id: front.id }, place, clean)
    story.log.prepare('UPDATE heads SET jws = ?').run(jws)
    story.log.prepare('UPDATE head_cameras SET x = ?, y = ?').run(garage.publicKey.x, garage.publicKey.y)
    const answer = await ask()
    assert.equal(answer.cameras.words[0]?.doubt, 'bad_signature')
    assert.equal(exitCode(answer), 4)
  })

  it('says what the log itself does not know', async () => {
    const writer = story.run(FROM + MINUTE, '1', 'aaaaaaaa')
    writer.dropped(FROM + 2 * MINUTE)
    story.session(writer, FROM + 3 * MINUTE, { cam: front.id })
    const answer = await ask()
    assert.deepEqual(
      answer.gaps.map(({ kind }) => kind),
      ['begins_later', 'not_kept', 'ended_unannounced'],
    )
    assert.match(scopeText(answer), /server aaaaaaaa {2}1 message not kept/)
  })

  it('reads times as written, and refuses what is none', () => {
    assert.equal(parseTime('from', '2026-11-20T12:00:00Z'), FROM)
    assert.equal(parseTime('from', '2026-11-20T13:00+01:00'), FROM)
    assert.equal(parseTime('from', '2026-11-20T12:00'), FROM, 'UTC on every machine')
    assert.equal(parseTime('from', '2026-11-20'), FROM - 12 * HOUR)
    for (const wrong of ['yesterday', '20.11.2026', '2026-13-01', '1', ''])
      assert.throws(() => parseTime('from', wrong), /--from/)
    assert.throws(() => parseTime('to', undefined), /--to TIME/)
  })
})
