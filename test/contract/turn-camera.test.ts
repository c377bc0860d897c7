import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import type { TakerOrder } from '../netlab/relay-taker.ts'
import { login, openTurnStage, PORT, RELAY, type TurnStage } from '../netlab/turn-stage.ts'
import { stopAll } from '../support/processes.ts'

const QUOTA = 3
const SHORT = '\nmax-allocate-lifetime=6\n'

describe('contract: a camera and its relay', function () {
  this.timeout(90_000)
  let stage: TurnStage
  before(() => {
    stage = openTurnStage()
  })
  after(async () => {
    await stage?.close()
    await stopAll()
  })

  /** What a camera's process says when it has done it. */
  async function told(order: (grant: RelayGrant) => TakerOrder, ttlSeconds?: number): Promise<unknown> {
    const [command = '', ...before] = stage.prefix()
    const taker = spawn(
      command,
      [...before, process.execPath, join(import.meta.dirname, '../netlab/relay-taker.ts')],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    )
    const url = `turn:${RELAY.ipv4}:${PORT}`
    const urls = [`${url}?transport=udp`, `${url}?transport=tcp`]
    taker.send(
      order({ ...login(ttlSeconds ? { ttlSeconds } : {}), urls, exp: Math.floor(Date.now() / 1000) + 600 }),
    )
    const ended = once(taker, 'exit').then(([code]) => assert.fail(`it ended with ${code}`))
    const [said] = await Promise.race([once(taker, 'message'), ended])
    return said
  }

  it('has an allocation for each session, however many there were: those that ended do not count', () =>
    stage.serve(stage.render({ userQuota: QUOTA }), async () => {
      const times = 3 * QUOTA
      assert.deepEqual(
        await told(grant => ({ do: 'take', times, grant })),
        Array.from({ length: times }, () => ({ by: 'udp', stun: true })),
      )
    }))

  it('keeps it for a long session, beyond its credential and through stale nonces', () =>
    stage.serve(
      stage.render({ userQuota: QUOTA }).replace('stale-nonce=600', 'stale-nonce=4') + SHORT,
      async () => {
        const heard = (await told(grant => ({ do: 'hold', seconds: 25, grant }), 8)) as number[]
        // Ten times each; some may be under way.
        assert.ok(Math.min(...heard) >= 5, `${heard.join(' and ')} in the last two seconds`)
      },
    ))
})
