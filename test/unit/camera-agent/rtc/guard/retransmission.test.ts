import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { flightClass } from '@ownsight/camera-agent/rtc/guard/internals'
import { splitRecords } from '@ownsight/camera-agent/rtc/guard/records'
import { OVER, pack } from '@ownsight/camera-agent/rtc/guard/retransmission'
import { GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import { until } from '../../../../support/wait.ts'

describe('retransmission of a flight', function () {
  this.timeout(20_000)
  before(() => installGuard())
  afterEach(() => {
    Reflect.deleteProperty(performance, 'now')
  })

  /** A flight at rest, and what it sent. */
  function flight(nextFlight: number | undefined, send = async (): Promise<void> => {}) {
    const copies: Buffer[][] = []
    const own = {
      dtls: { flight: 4 },
      nextFlight,
      send(datagrams: Buffer[]) {
        copies.push(datagrams)
        return send()
      },
    }
    const { transmit } = flightClass().prototype as unknown as {
      transmit(this: object, records: Buffer[]): Promise<void>
    }
    return { copies, own, run: () => transmit.call(own, [Buffer.from('a'), Buffer.from('b')]) }
  }

  it('the last one of a handshake is sent once, in one datagram', async () => {
    const { copies, run } = flight(undefined)
    await run()
    assert.deepEqual(copies, [[Buffer.from('ab')]])
  })

  it('another one again and again, until its answer is there', async () => {
    const { copies, own, run } = flight(6)
    const began = performance.now()
    const done = run()
    await until(() => copies.length >= 3, { timeout: 10_000, what: 'the third copy' })
    assert.ok(performance.now() - began > 250, 'the waits grow')
    assert.deepEqual(copies[2], copies[0])
    own.dtls.flight = 6
    await done
    const sent = copies.length
    own.dtls.flight = 4
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(copies.length, sent)
  })

  it('the waits grow, and the last one repeats', async () => {
    const waits: unknown[] = []
    const { setTimeout: own } = timers
    timers.setTimeout = (async (ms?: number) => void waits.push(ms)) as typeof own
    syncBuiltinESMExports()
    try {
      const {
        copies,
        own: flying,
        run,
      } = flight(6, async () => {
        if (copies.length === 9) flying.dtls.flight = OVER
      })
      await run()
    } finally {
      timers.setTimeout = own
      syncBuiltinESMExports()
    }
    assert.deepEqual(waits, [100, 200, 400, 400, 800, 800, 1000, 1000, 1000])
  })

  it('the first wait is short, and longer than a round trip of a house', async () => {
    const { copies, own, run } = flight(6)
    const done = run()
    await new Promise(resolve => setTimeout(resolve, 30))
    assert.equal(copies.length, 1)
    own.dtls.flight = OVER
    await done
  })

  it('its waits keep no process alive', async () => {
    const { own, run } = flight(6)
    const alive = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = alive()
    const done = run()
    assert.equal(alive(), before)
    own.dtls.flight = OVER
    await done
  })

  it('what cannot be sent is tried again', async () => {
    const { copies, own, run } = flight(6, () => Promise.reject(new Error('no route')))
    const done = run()
    await until(() => copies.length >= 2, { timeout: 10_000, what: 'the second copy' })
    own.dtls.flight = OVER
    await done
  })

  it('ends with an error after its deadline', async () => {
    const { run } = flight(6)
    const began = performance.now()
    let later = 0
    Object.defineProperty(performance, 'now', { value: () => began + later, configurable: true })
    const done = run()
    later = 10_001
    await assert.rejects(
      done,
      error => error instanceof GuardError && error.code === 'order' && /in time/.test(error.message),
    )
  })

  it('does not end before it', async () => {
    const { copies, own, run } = flight(6)
    const began = performance.now()
    let later = 0
    Object.defineProperty(performance, 'now', { value: () => began + later, configurable: true })
    const done = run()
    later = 10_000
    await until(() => copies.length >= 2, { timeout: 10_000, what: 'the second copy' })
    own.dtls.flight = OVER
    await done
  })

  it('no sealed record has the number of another, Finished among them', async () => {
    const line = loopback({ server: await makeKeys(), client: await makeKeys() })
    assert.equal(await line.outcome(10_000), 'connected')
    for (let n = 0; n < 12; n++) await line.server.send(Buffer.from([n]))
    line.close()
    const numbers = line.toClient
      .flatMap(splitRecords)
      .flatMap(({ epoch, sequence }) => (epoch ? sequence : []))
    assert.ok(numbers.length >= 13)
    assert.equal(new Set(numbers).size, numbers.length)
  })

  it('a path takes 1200 bytes, and no more', () => {
    const sizes = (...records: number[]): number[] =>
      pack(records.map(size => Buffer.alloc(size))).map(each => each.length)
    assert.deepEqual(sizes(600, 600), [1200])
    assert.deepEqual(sizes(600, 601), [600, 601])
    assert.deepEqual(sizes(), [])
    assert.deepEqual(sizes(1300, 1), [1300, 1])
  })
})
