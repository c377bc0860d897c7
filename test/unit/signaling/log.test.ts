import assert from 'node:assert/strict'
import { createPseudonyms, type LogFields, openLog } from '@ownsight/signaling/log'

describe('signaling log', () => {
  function captured() {
    let text = ''
    const clock = { now: 0 }
    const log = openLog('info', { write: line => (text += line) }, undefined, () => clock.now)
    return {
      log,
      clock,
      lines: () =>
        text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line) as Record<string, unknown>),
      text: () => text,
    }
  }

  it('writes the fields it knows', () => {
    const { log, lines } = captured()
    log({
      event: 'relay',
      namespace: 'viewer',
      kind: 'offer',
      result: 'answer',
      size: 4000,
      ms: 12,
      from: 'p0123456789ab',
    })
    const { time, level, pid: _, hostname: __, instance, ...rest } = lines()[0] ?? {}
    assert.equal(typeof time, 'string')
    assert.equal(level, 30)
    assert.match(String(instance), /^[0-9a-f]{8}$/)
    assert.deepEqual(rest, {
      build: '0.1.0',
      event: 'relay',
      namespace: 'viewer',
      kind: 'offer',
      result: 'answer',
      size: 4000,
      ms: 12,
      from: 'p0123456789ab',
    })
  })

  it('drops what it does not know, and what does not fit', () => {
    const { log, text } = captured()
    const secret = 'hunter2-eyJhbGciOiJFUzI1NiJ9.payload'
    log({
      event: 'x',
      password: secret,
      error: new Error(secret),
      deep: { a: { token: secret } },
    } as unknown as LogFields)
    log({
      event: secret,
      kind: `v=0\r\no=- ${secret}`,
      result: `${secret} ${secret}`,
      from: '192.0.2.7',
      to: secret,
    })
    log({ event: 'x', size: secret as unknown as number })
    for (const part of ['hunter2', 'eyJ', '192.0.2', 'v=0']) assert.ok(!text().includes(part), part)
  })

  it('names neither machine nor process', () => {
    const { log, lines } = captured()
    log({ event: 'x' })
    assert.deepEqual(Object.keys(lines()[0] ?? {}).sort(), ['build', 'event', 'instance', 'level', 'time'])
  })

  it('tells a flood of one kind by its number, and everything else as ever', () => {
    const { log, lines, clock } = captured()
    const state = { event: 'request', namespace: 'http', kind: '/api/state', status: 200 } as const
    for (let i = 0; i < 5000; i++) log(state)
    assert.equal(lines().length, 1000)
    log({ event: 'fault', namespace: 'http', result: 'TypeError' })
    log({ ...state, kind: '/api/sign-in' })
    assert.equal(lines().length, 1002)
    clock.now += 20
    log(state)
    log(state)
    assert.deepEqual(
      lines()
        .slice(1000)
        .map(({ skipped }) => skipped),
      [undefined, undefined, 4000, undefined],
    )
  })

  it('a pseudonym stays for a week of one run and says nothing elsewhere', () => {
    let now = 0
    const pseudonym = createPseudonyms(() => now)
    const first = pseudonym('alice')
    assert.match(first, /^p[0-9a-f]{12}$/)
    assert.equal(pseudonym('alice'), first)
    assert.notEqual(pseudonym('bob'), first)
    assert.notEqual(createPseudonyms(() => now)('alice'), first)
    now += 7 * 86_400_000
    assert.notEqual(pseudonym('alice'), first)
  })
})
