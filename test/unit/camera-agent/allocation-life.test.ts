import assert from 'node:assert/strict'
import { keepAllocation, type TurnClient } from '@ownsight/camera-agent/rtc/allocation-life'
import { until } from '../../support/wait.ts'

const ID = '0a'.repeat(12)

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
    lifetime = 3
    const one = turn()
    keepAllocation(one)
    await until(() => renewals() > 2, { timeout: 5000, what: 'three renewals' })
    assert.deepEqual(done.slice(0, 3), ['refresh 600', 'bind 4000 192.0.2.1', 'bind 4001 192.0.2.2'])
    await one.close()
    const after = renewals()
    await new Promise(resolve => setTimeout(resolve, 1500))
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

  it('a relay that grants no time is not asked all the time', async () => {
    lifetime = 0
    const one = turn()
    keepAllocation(one)
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.equal(renewals(), 1)
    await one.close()
  })

  it('hears a stale nonce of what was asked, and no datagram can end the process', async () => {
    const heard: string[] = []
    const one: TurnClient = {
      ...turn(),
      handleSTUNMessage: () => void heard.push('handed on'),
      transactions: { [ID]: { integrityKey: 'key', responseReceived: () => void heard.push('stale') } },
    }
    keepAllocation(one)
    const from = ['192.0.2.9', 3478] as const
    const say = (data: Buffer) => one.handleSTUNMessage(data, from)
    // Binding error response, ERROR-CODE 438 (RFC 8489 §14.8).
    const stale = Buffer.from(`0111000c2112a442${ID}0009000800000426${'20'.repeat(4)}`, 'hex')
    say(stale)
    assert.deepEqual(heard, ['stale'])
    for (let end = 0; end < stale.length; end++) say(stale.subarray(0, end))
    for (let i = 0; i < stale.length * 8; i++) {
      const bent = Buffer.from(stale)
      bent[i >> 3] = (bent[i >> 3] ?? 0) ^ (1 << (i & 7))
      say(bent)
    }
    await one.close()
  })

  it('nothing is asked of a relay whose connection is gone', async () => {
    const one = turn()
    one.transport.closed = true
    keepAllocation(one)
    await one.close()
    assert.ok(!done.includes('refresh 0'))
  })
})
