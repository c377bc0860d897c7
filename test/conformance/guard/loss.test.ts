import assert from 'node:assert/strict'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Keys, loopback, makeKeys, type Wire } from '@ownsight/camera-agent/rtc/loopback'
import { seeded } from '../../support/dtls-wire.ts'

const COUNT = process.env.OWNSIGHT_LONG ? 100 : 30
const AT_ONCE = 10
const DEADLINE_MS = 10_000

describe('handshakes on a bad path', function () {
  this.timeout(120_000)
  let keys: { server: Keys; client: Keys }
  before(async () => {
    installGuard()
    const [server, client] = await Promise.all([makeKeys(), makeKeys()])
    keys = { server, client }
  })

  async function opened(wireOf: (random: () => number) => Wire, seed: number): Promise<number> {
    let count = 0
    for (let done = 0; done < COUNT; done += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, async (_, i) => {
        const line = loopback(keys, { wire: wireOf(seeded(seed + done + i)) })
        const outcome = await line.outcome(DEADLINE_MS)
        if (outcome === 'connected' && hasProved(line.server)) count++
        line.close()
      })
      await Promise.all(batch)
    }
    return count
  }
  const lossy =
    (p: number) =>
    (random: () => number): Wire =>
    data =>
      random() < p ? [] : [{ data, ms: 1 }]
  const shuffled =
    (p: number) =>
    (random: () => number): Wire =>
    data => [{ data, ms: random() < p ? 20 : 1 }]

  for (const [name, wire, wanted] of [
    ['10 % loss', lossy(0.1), 0.98],
    ['20 % loss', lossy(0.2), 0.95],
    ['10 % out of order by 20 ms', shuffled(0.1), 0.98],
  ] as const)
    it(`${name}: at least ${wanted * 100} of 100 prove themselves within 10 s`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31)
      const count = await opened(wire, seed)
      // Of a short run as many may fail as of a hundred.
      const allowed = Math.round((1 - wanted) * 100)
      assert.ok(count >= COUNT - allowed, `${count} of ${COUNT} with seed ${seed}`)
    })
})
