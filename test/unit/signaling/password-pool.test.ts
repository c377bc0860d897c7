import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createPasswordPool } from '@ownsight/signaling/password-pool'
import { ApiError } from '@ownsight/signaling/signaling-error'

describe('password pool', () => {
  /** argon2 as far as the pool can tell: each call ends when the test says so. */
  function slowArgon2() {
    const running: (() => void)[] = []
    const state = { started: 0, now: 0, peak: 0 }
    const work = async (): Promise<void> => {
      state.started++
      state.peak = Math.max(state.peak, ++state.now)
      await new Promise<void>(resolve => running.push(resolve))
      state.now--
    }
    const argon2 = {
      hash: (password: string) => work().then(() => `hash of ${password}`),
      verify: (stored: string, password: string) => work().then(() => stored === `hash of ${password}`),
    }
    const finishAll = async () => {
      for (let idle = 0; idle < 5; ) {
        const next = running.shift()
        idle = next ? 0 : idle + 1
        next?.()
        await new Promise(setImmediate)
      }
    }
    return { argon2, state, finishAll }
  }

  it('hashes with OWASP parameters, one lane', async () => {
    const pool = createPasswordPool()
    const stored = await pool.hash('correct horse')
    assert.match(stored, /^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/)
    assert.equal(await pool.verify(stored, 'correct horse'), true)
    assert.equal(await pool.verify(stored, 'wrong horse'), false)
  })

  it('runs few at once and the rest in order', async () => {
    const { argon2, state, finishAll } = slowArgon2()
    const pool = createPasswordPool({ atOnce: 2, argon2 })
    const order: number[] = []
    const all = Array.from({ length: 20 }, (_, i) => pool.hash(`${i}`).then(() => order.push(i)))
    await finishAll()
    await Promise.all(all)
    assert.equal(state.peak, 2)
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, i) => i),
    )
  })

  it('a full queue is refused at once, with the time to come back', async () => {
    const { argon2, state, finishAll } = slowArgon2()
    const depths: number[] = []
    let busy = 0
    const pool = createPasswordPool({
      atOnce: 2,
      queueMax: 3,
      argon2,
      onDepth: n => depths.push(n),
      onBusy: () => busy++,
    })
    const admitted = Array.from({ length: 5 }, () => pool.hash('x'))
    for (let i = 0; i < 10; i++)
      await assert.rejects(pool.hash('x'), (error: unknown) => {
        assert.ok(error instanceof ApiError)
        assert.deepEqual([error.status, error.code, error.retryAfter], [503, 'busy', 2])
        return true
      })
    assert.equal(busy, 10)
    assert.equal(Math.max(...depths), 3)
    await finishAll()
    await Promise.all(admitted)
    assert.equal(state.started, 5, 'a refused one is never hashed')
    assert.equal(depths.at(-1), 0)
  })

  it('whoever waits too long is told so, and is not hashed later', async () => {
    const { argon2, state, finishAll } = slowArgon2()
    const pool = createPasswordPool({ atOnce: 1, queueMs: 5, argon2 })
    const first = pool.hash('first')
    await assert.rejects(pool.hash('second'), /Try again/)
    await finishAll()
    await first
    await new Promise(setImmediate)
    assert.equal(state.started, 1)
    const third = pool.hash('third')
    await finishAll()
    await third
  })

  it('a failing hash frees its place', async () => {
    const fails = () => Promise.reject(new Error('out of memory'))
    const pool = createPasswordPool({ atOnce: 1, argon2: { hash: fails, verify: fails } })
    for (let i = 0; i < 3; i++) await assert.rejects(pool.hash('x'), /out of memory/)
  })

  it('an unknown account costs a verification like a known one, and is never right', async () => {
    const calls: string[] = []
    const argon2 = {
      hash: async (password: string) => `hash of ${password}`,
      verify: async (stored: string, password: string) => {
        calls.push(stored)
        return stored === `hash of ${password}`
      },
    }
    const pool = createPasswordPool({ argon2 })
    assert.equal(await pool.verify(undefined, 'no account has this password'), false)
    assert.equal(await pool.verify(null, 'x'), false)
    assert.equal(calls.length, 2)
  })

  it('a login flood does not starve files and signatures, which share the thread pool', async () => {
    const pool = createPasswordPool({ queueMax: 60 })
    let hashed = 0
    const flood = Array.from({ length: 40 }, () =>
      pool.hash('flood').then(
        () => hashed++,
        () => {},
      ),
    )
    const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])
    for (let i = 0; i < 5; i++) {
      const before = hashed
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
      const signature = await crypto.subtle.sign(algorithm, key.privateKey, Buffer.from('x'))
      assert.ok(await crypto.subtle.verify(algorithm, key.publicKey, signature, Buffer.from('x')))
      await readFile(import.meta.filename)
      assert.ok(hashed - before <= 4, `${hashed - before} hashes went first`)
    }
    assert.ok(hashed < 40, 'the flood was still on')
    await Promise.all(flood)
  }).timeout(20_000)
})
