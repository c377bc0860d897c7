import assert from 'node:assert/strict'
import { keepAllocation, type TurnClient } from '@ownsight/camera-agent/rtc/allocation-life'
import { until } from '../../support/wait.ts'

describe('the life of an allocation', () => {
  const done: string[] = []
  let lifetime = 600
  let answers = true
  const turn = (): TurnClient => ({
    server: ['relay.example', 3478],
    transport: {},
    transactions: {},
    channelByAddr: {
      one: { number: 0x4000, address: ['192.0.2.1', 1] },
      two: { number: 0x4001, address: ['192.0.2.2', 2] },
    },
    request: async () => undefined,
    async requestWithRetry(message) {
      done.push(`refresh ${message.getAttributeValue('LIFETIME')}`)
      if (!answers) await new Promise(() => undefined)
      return [message.setAttribute('LIFETIME', lifetime), ['192.0.2.9', 3478]]
    },
    async channelBind(channel, [host]) {
      done.push(`bind ${channel.toString(16)} ${host}`)
    },
    handleSTUNMessage: () => undefined,
    close: async () => void done.push('close'),
  })
  const renewals = () => done.filter(each => each === 'refresh 600').length
  beforeEach(() => {
    done.length = 0
    lifetime = 600
    answers = true
  })

  it('is renewed with its channels, and what they permit, in a third of its time', async () => {
    lifetime = 0.3
    const one = turn()
    keepAllocation(one)
    await until(() => renewals() > 2, { timeout: 5000, what: 'three renewals' })
    assert.deepEqual(done.slice(0, 3), ['refresh 600', 'bind 4000 192.0.2.1', 'bind 4001 192.0.2.2'])
    await one.close()
    const after = renewals()
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.equal(renewals(), after, 'not after its end')
  })

  it('is deleted at the relay before its socket is closed, once', async () => {
    const one = turn()
    keepAllocation(one)
    await Promise.all([one.close(), one.close()])
    const last = done.filter(each => each === 'refresh 0' || each === 'close')
    assert.deepEqual(last, ['refresh 0', 'close'])
  })

  it('a relay that does not answer is not waited for', async () => {
    answers = false
    const one = turn()
    keepAllocation(one)
    await one.close()
    assert.equal(done.at(-1), 'close')
  })

  it('nothing is asked of a relay whose connection is gone', async () => {
    const one = turn()
    one.transport.closed = true
    keepAllocation(one)
    await one.close()
    assert.ok(!done.includes('refresh 0'))
  })
})
