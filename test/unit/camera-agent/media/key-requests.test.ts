import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKeyRequests } from '@ownsight/camera-agent/media/key-requests'
import { until } from '../../../support/wait.ts'

describe('key frame requests', () => {
  const open = () => {
    let now = 0
    const asked: string[] = []
    const requests = createKeyRequests(
      ({ codec, tier }) => asked.push(`${codec} ${tier}`),
      () => now,
    )
    return {
      requests,
      asked,
      wait: (ms: number) => {
        now += ms
      },
    }
  }
  const low = { codec: 'h264', tier: 'low' } as const
  const thin = { codec: 'h264', tier: 'thin' } as const

  it('pass at once, and not again within half a second, each encoding by itself', () => {
    const { requests, asked, wait } = open()
    for (let i = 0; i < 5; i++) requests.request(low)
    requests.request(thin)
    assert.deepEqual(asked, ['h264 low', 'h264 thin'])
    requests.met(low)
    wait(500)
    requests.request(low)
    assert.equal(asked.length, 3)
    requests.close()
  })

  it('that came too early is kept, many as one', async () => {
    const { requests, asked, wait } = open()
    requests.request(low)
    wait(480)
    for (let i = 0; i < 5; i++) requests.request(low)
    assert.equal(asked.length, 1)
    await until(() => asked.length === 2, { timeout: 5000, what: 'the kept request' })
    await sleep(60)
    assert.equal(asked.length, 2)
    requests.close()
  })

  it('is forgotten when a key frame comes first', async () => {
    const { requests, asked, wait } = open()
    requests.request(low)
    wait(490)
    requests.request(low)
    requests.met(low)
    await sleep(60)
    assert.equal(asked.length, 1)
  })
})
