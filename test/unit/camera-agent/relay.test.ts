import assert from 'node:assert/strict'
import { type Allocation, keepRelays, type RelayState, type Relays } from '@ownsight/camera-agent/rtc/relay'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { until } from '../../support/wait.ts'

const urls = [
  'stun:relay.example:3478',
  'turns:relay.example:443?transport=tcp',
  'turn:relay.example:443?transport=tcp',
  'turn:relay.example:3478',
]
const grant: RelayGrant = { urls, username: '1:a', credential: 'c', exp: 1 }

describe('relays made ahead of time', () => {
  let relays: Relays
  let tried: string[] = []
  let open: Set<Allocation>
  let works: (transport: string) => boolean
  let fault: Error
  const states: RelayState[] = []
  afterEach(() => relays.close())

  const connect = async (_server: unknown, { transport }: { transport: string }): Promise<Allocation> => {
    tried.push(transport)
    if (!works(transport)) throw fault
    const close = async () => void open.delete(allocation)
    const allocation = { turn: { transport: {} }, close } as unknown as Allocation
    open.add(allocation)
    return allocation
  }
  function start(
    does: (transport: string) => boolean,
    grants: () => Promise<RelayGrant | undefined> = async () => grant,
    more: { udpAgainMs?: number } = {},
  ): void {
    fault = new Error('silent')
    tried = []
    states.length = 0
    open = new Set()
    works = does
    const onState = (state: RelayState) => states.push(state)
    relays = keepRelays(grants, { connect: connect as never, onState, ...more })
  }
  const ready = () => until(() => open.size > 0, { timeout: 5000, what: 'an allocation' })

  it('takes UDP where it works, and says which STUN server to ask', async () => {
    start(() => true)
    await ready()
    await until(() => states.includes('udp'), { timeout: 5000, what: 'the state' })
    const { allocation, stunServer } = relays.take()
    assert.ok(allocation && open.has(allocation))
    assert.deepEqual(stunServer, ['relay.example', 3478])
    assert.deepEqual(tried, ['udp'])
  })

  it('goes on to TCP, then TLS, asks no STUN server then, and begins there the next time', async () => {
    start(transport => transport === 'tls')
    await ready()
    assert.deepEqual(tried, ['udp', 'tcp', 'tls'])
    const { allocation, stunServer } = relays.take()
    assert.ok(allocation)
    assert.equal(stunServer, undefined)
    await until(() => open.size === 2, { timeout: 5000, what: 'the next one' })
    assert.deepEqual(tried, ['udp', 'tcp', 'tls', 'tls'])
    assert.deepEqual(states, ['trying', 'tls'])
  })

  it('asks a STUN server that refuses an allocation all the same: it was reached', async () => {
    start(transport => transport === 'tcp')
    fault = Object.assign(new Error('486'), { response: { getAttributeValue: () => [486, 'quota'] } })
    await ready()
    assert.deepEqual(relays.take().stunServer, ['relay.example', 3478])
  })

  it('tries UDP again beside what works, and takes it where it gets through', async () => {
    let isBlocked = true
    start(transport => transport === 'tcp' || !isBlocked, undefined, { udpAgainMs: 0 })
    await until(() => tried.length === 3, { timeout: 5000, what: 'another try' })
    assert.deepEqual(tried, ['udp', 'tcp', 'udp'])
    const { allocation, stunServer } = relays.take()
    assert.ok(allocation && open.has(allocation))
    assert.equal(stunServer, undefined)
    isBlocked = false
    await until(() => states.at(-1) === 'udp', { timeout: 5000, what: 'UDP' })
    assert.deepEqual(relays.take().stunServer, ['relay.example', 3478])
    assert.equal(tried.slice(3).join(), 'tcp,udp')
  })

  it('gives each allocation to one session', async () => {
    start(() => true)
    await ready()
    const first = relays.take()
    await until(() => open.size === 2, { timeout: 5000, what: 'the next one' })
    const second = relays.take()
    assert.notEqual(first.allocation, second.allocation)
    assert.equal(relays.take().allocation, undefined, 'before the next is made there is none')
  })

  it('offers none whose connection has ended', async () => {
    start(() => true)
    await ready()
    for (const allocation of open) allocation.turn.transport.closed = true
    assert.equal(relays.take().allocation, undefined)
  })

  it('without a grant nothing is tried; retry tries when there is one', async () => {
    let granted: RelayGrant | undefined
    start(
      () => true,
      async () => granted,
    )
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(relays.take(), { allocation: undefined, stunServer: undefined })
    granted = grant
    await until(
      () => {
        relays.retry()
        return open.size > 0
      },
      { timeout: 5000, what: 'an allocation' },
    )
  })

  it('says that no way leads to the relay', async () => {
    start(() => false)
    await until(() => states.includes('unreachable'), { timeout: 5000, what: 'the state' })
    assert.equal(relays.take().allocation, undefined)
  })

  it('gives back what it holds when it is closed', async () => {
    start(() => true)
    await ready()
    await relays.close()
    assert.equal(open.size, 0)
  })
})
