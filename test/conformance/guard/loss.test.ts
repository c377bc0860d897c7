import assert from 'node:assert/strict'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Keys, type Loopback, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import { lossy, reordering } from '../../support/wires.ts'

const SEED = Number(process.env.SEED ?? 20261121)
const SESSIONS = 100
const AT_ONCE = 25
const DEADLINE_MS = 10_000

/** Small, seeded, and the same everywhere (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe(`werift to the guarded werift on a bad path (SEED=${SEED})`, function () {
  this.timeout(120_000)
  let keys: { server: Keys; client: Keys }
  before(async () => {
    installGuard()
    keys = { server: await makeKeys(), client: await makeKeys() }
  })

  async function open(line: Loopback): Promise<'open' | 'refused' | 'pending'> {
    const outcome = await line.outcome(DEADLINE_MS)
    const open = outcome === 'connected' && hasProved(line.server)
    line.close()
    return open ? 'open' : outcome === undefined ? 'pending' : 'refused'
  }
  async function play(wireOf: (next: () => number) => Wire): Promise<{ open: number; refused: number }> {
    const found = { open: 0, refused: 0, pending: 0 }
    for (let at = 0; at < SESSIONS; at += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, i) =>
        open(loopback(keys, { wire: wireOf(random(SEED + at + i)) })),
      )
      for (const result of await Promise.all(batch)) found[result]++
    }
    return found
  }

  it('at 10 % loss at least 98 of 100 open within 10 s', async () => {
    const { open: opened } = await play(next => lossy(0.1, next))
    assert.ok(opened >= 98, `${opened} of ${SESSIONS}`)
  })
  it('at 10 % reordering at least 98 of 100 open within 10 s', async () => {
    const { open: opened } = await play(next => reordering(0.1, next))
    assert.ok(opened >= 98, `${opened} of ${SESSIONS}`)
  })
  it('at 20 % loss all end within their deadline: open, and none refused', async () => {
    const found = await play(next => lossy(0.2, next))
    assert.equal(found.refused, 0)
    assert.ok(found.open >= 90, `${found.open} of ${SESSIONS}`)
  })
})
