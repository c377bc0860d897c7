import assert from 'node:assert/strict'
import { type CameraClock, startClock } from '@ownsight/camera-agent/camera-clock'
import type { CameraLog } from '@ownsight/camera-agent/camera-log'
import { type Journal, keepJournal } from '@ownsight/camera-agent/journal'
import type { LogEvent } from '@ownsight/protocol/log-chain'
import type { PolicyInForce } from '@ownsight/protocol/policy'

describe('journal', () => {
  const id = 'A'.repeat(43)
  const sid = 'A'.repeat(22)
  let lines: LogEvent[]
  let broken: boolean
  let system: number
  let clock: CameraClock
  let monotonic: number
  let newestDoc: string | undefined
  let journal: Journal

  beforeEach(() => {
    lines = []
    broken = false
    newestDoc = undefined
    system = 1_800_000_000
    monotonic = 0
    clock = startClock(
      1_800_000_000,
      () => system,
      () => 0,
    )
    const log: Partial<CameraLog> = {
      append: async event => {
        if (broken) throw new Error('EIO')
        lines.push(event)
      },
      newestDoc: () => newestDoc,
      place: () => ({ i: lines.length, h: id }),
    }
    journal = keepJournal(log as CameraLog, clock, () => monotonic)
  })
  const refused = (viewer: string, code = 'replay') => journal.refused({ viewer, sid, oh: id, code })
  const policy = (n: number, hash = id) =>
    ({ hash, policy: { n, iss: id, privacy: false } }) as unknown as PolicyInForce

  it('M-13.10 a viewer that is refused again and again does not fill the disk: the rest is counted', async () => {
    for (let i = 0; i < 1000; i++) await refused('a')
    await refused('b')
    assert.equal(lines.length, 61)
    await journal.minute()
    assert.deepEqual(lines.at(-1), { e: 'ignored', c: { replay: 940 } })
    monotonic = 3_600_000
    await refused('a')
    assert.equal(lines.at(-1)?.e, 'refused')
  })

  it('the same for attempts that never were live, and not for those that were', async () => {
    const close = (s: number) => journal.close({ viewer: 'a', sid, reason: 'bye', s, path: 'host' })
    for (let i = 0; i < 100; i++) await close(0)
    assert.equal(lines.length, 60)
    for (let i = 0; i < 100; i++) await close(1)
    assert.equal(lines.length, 160)
  })

  it('writes what it counted once a minute, and keeps it where that fails', async () => {
    journal.ignored('bad_sig')
    journal.ignored('bad_sig')
    broken = true
    await journal.minute()
    journal.ignored('wrong_aud')
    broken = false
    await journal.minute()
    await journal.minute()
    assert.deepEqual(lines, [{ e: 'ignored', c: { bad_sig: 2, wrong_aud: 1 } }])
  })

  it('says when the clock is not believed, and when it is again', async () => {
    await journal.minute()
    system = 0
    await journal.minute()
    await journal.minute()
    system = 1_800_000_000
    await journal.minute()
    assert.deepEqual(
      lines.map(line => line.e === 'clock' && line.plausible),
      [false, true],
    )
  })

  it('names the policy in force once, and after a crash had kept it from the log', async () => {
    await journal.policy(policy(1))
    newestDoc = id
    await journal.policy(policy(1))
    await journal.policy(policy(2, 'B'.repeat(43)))
    assert.deepEqual(
      lines.map(line => line.e),
      ['pair', 'policy'],
    )
  })

  it('a line about a live session must be written, or there is none', async () => {
    broken = true
    await assert.rejects(journal.live({ viewer: id, sid, oh: id, n: 1 }))
    await journal.boot('test')
    await refused('a')
  })
})
