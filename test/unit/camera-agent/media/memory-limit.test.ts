import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { limitMemory } from '@ownsight/camera-agent/media/memory-limit'

describe('memory limit', () => {
  it('calls once when the process holds more, and never after it was stopped', async () => {
    let over = 0
    const stop = limitMemory(process.pid, () => over++, 1_000_000, 5)
    for (let i = 0; i < 1000 && over === 0; i++) await sleep(5)
    await sleep(50)
    stop()
    assert.equal(over, 1)
  })

  it('leaves alone what holds less, and a process that is gone', async () => {
    const stops = [process.pid, 2 ** 30, undefined].map(pid =>
      limitMemory(pid, () => assert.fail('over'), 1e15, 5),
    )
    await sleep(60)
    for (const stop of stops) stop()
  })
})
