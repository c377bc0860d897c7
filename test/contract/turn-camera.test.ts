import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Taken } from '../netlab/relay-taker.ts'
import { login, openTurnStage, PORT, RELAY, type TurnStage } from '../netlab/turn-stage.ts'
import { stopAll } from '../support/processes.ts'

const QUOTA = 3

describe('contract: a camera and its relay', function () {
  this.timeout(60_000)
  let stage: TurnStage
  before(() => {
    stage = openTurnStage()
  })
  after(async () => {
    await stage?.close()
    await stopAll()
  })

  async function take(times: number): Promise<Taken[]> {
    const [command = '', ...before] = stage.prefix()
    const taker = spawn(
      command,
      [...before, process.execPath, join(import.meta.dirname, '../netlab/relay-taker.ts')],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    )
    const url = `turn:${RELAY.ipv4}:${PORT}`
    const urls = [`${url}?transport=udp`, `${url}?transport=tcp`]
    taker.send({ times, grant: { ...login(), urls, exp: Math.floor(Date.now() / 1000) + 600 } })
    const ended = once(taker, 'exit').then(([code]) => assert.fail(`it ended with ${code}`))
    const [taken] = await Promise.race([once(taker, 'message'), ended])
    return taken
  }

  it('has an allocation for each session, however many there were: those that ended do not count', () =>
    stage.serve(stage.render({ userQuota: QUOTA }), async () => {
      const taken = await take(3 * QUOTA)
      assert.deepEqual(
        taken,
        Array.from({ length: 3 * QUOTA }, () => ({ by: 'udp', stun: true })),
      )
    }))
})
