import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  createOutbox,
  nativeOutbox,
  type SendMany,
  type Target,
  targetOf,
} from '@ownsight/camera-agent/rtc/native/datagrams'
import { until } from '../../../support/wait.ts'

const LOOPBACKS = [
  { type: 'udp4', host: '127.0.0.1' },
  { type: 'udp6', host: '::1' },
] as const

describe('datagrams given to the system several at a time', () => {
  const open: Socket[] = []
  const bound = async (type: 'udp4' | 'udp6', host: string): Promise<Socket> => {
    const socket = createSocket(type)
    open.push(socket)
    socket.bind(0, host)
    await once(socket, 'listening')
    return socket
  }
  const listen = async (type: 'udp4' | 'udp6', host: string) => {
    const socket = await bound(type, host)
    const got: { data: string; port: number }[] = []
    socket.on('message', (data, from) => got.push({ data: data.toString('hex'), port: from.port }))
    return { got, target: targetOf(host, socket.address().port) as Target }
  }
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close()
  })

  for (const { type, host } of LOOPBACKS)
    it(`arrive whole, in order and from the right socket, over ${type}`, async function () {
      const outbox = nativeOutbox()
      if (!outbox) return this.skip() // Linux has it
      const [one, other] = [await listen(type, host), await listen(type, host)]
      const senders = [await bound(type, host), await bound(type, host)] as const
      const expected: { data: string; port: number }[][] = [[], []]
      for (let i = 0; i < 200; i++) {
        const to = i % 7 < 4 ? 0 : 1
        const from = senders[i % 3 === 0 ? 0 : 1]
        const data = Buffer.alloc(1 + ((i * 131) % 1500), i)
        assert.ok(outbox.put(from, [one, other][to]?.target as Target, data))
        data.fill(0)
        expected[to]?.push({
          data: Buffer.alloc(data.length, i).toString('hex'),
          port: from.address().port,
        })
        // As much as a socket holds before anybody has read from it.
        if (i % 50 === 49)
          await until(() => one.got.length + other.got.length === i + 1, {
            timeout: 5000,
            what: 'all datagrams so far',
          })
      }
      const fromEach = (all: { data: string; port: number }[]) =>
        senders.map(s => all.filter(e => e.port === s.address().port))
      assert.deepEqual(fromEach(one.got), fromEach(expected[0] ?? []))
      assert.deepEqual(fromEach(other.got), fromEach(expected[1] ?? []))
    })

  it('are left to a socket that is closed, or is no socket of Node’s', async function () {
    const outbox = nativeOutbox()
    if (!outbox) return this.skip() // Linux has it
    const { target } = await listen('udp4', '127.0.0.1')
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.close()
    assert.equal(outbox.put(socket, target, Buffer.alloc(1)), false)
    assert.equal(outbox.put({ send: () => undefined }, target, Buffer.alloc(1)), false)
  })

  it('are lost, and nothing else happens, when their socket is closed before they have left', async function () {
    const outbox = nativeOutbox()
    if (!outbox) return this.skip() // Linux has it
    const { got, target } = await listen('udp4', '127.0.0.1')
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    assert.ok(outbox.put(socket, target, Buffer.from('01', 'hex')))
    socket.close()
    // Its number may be somebody else's from here on.
    const next = await bound('udp4', '127.0.0.1')
    assert.ok(outbox.put(next, target, Buffer.from('02', 'hex')))
    await until(() => got.length > 0, { timeout: 5000, what: 'the datagram of the socket that is open' })
    assert.deepEqual(got, [{ data: '02', port: next.address().port }])
  })

  describe('that the system does not take', () => {
    const memory = () => {
      const bytes = Buffer.alloc(128 * 1024)
      return { bytes, at: (offset: number) => BigInt(offset) }
    }
    const put = async (takes: SendMany, count: number): Promise<{ alone: string[]; asked: number }> => {
      const socket = await bound('udp4', '127.0.0.1')
      const alone: string[] = []
      socket.send = ((data: Buffer) => void alone.push(data.toString('hex'))) as typeof socket.send
      let asked = 0
      const outbox = createOutbox((...args) => {
        asked++
        return takes(...args)
      }, memory())
      const target = targetOf('127.0.0.1', 9) as Target
      for (let i = 0; i < count; i++) assert.ok(outbox.put(socket, target, Buffer.from([i, i])))
      await new Promise(resolve => setImmediate(resolve))
      return { alone, asked }
    }

    it('are left to the socket one by one: those that were not taken, and no other', async () => {
      assert.deepEqual(await put(() => 3, 5), { alone: ['0303', '0404'], asked: 1 })
      assert.deepEqual(await put(() => 5, 5), { alone: [], asked: 1 })
    })

    it('are left to the socket all, when it takes none', async () => {
      for (const error of [-1, 0])
        assert.deepEqual(await put(() => error, 2), { alone: ['0000', '0101'], asked: 1 })
    })

    it('are no more at a time than there is room for', async () => {
      const counts: bigint[] = []
      const { alone } = await put((_file, _messages, count) => {
        counts.push(count)
        return Number(count)
      }, 70)
      assert.deepEqual(counts, [32n, 32n, 6n])
      assert.deepEqual(alone, [])
    })
  })

  it('too large for their place are left to the socket', async () => {
    const socket = await bound('udp4', '127.0.0.1')
    const outbox = createOutbox(() => 1, { bytes: Buffer.alloc(128 * 1024), at: BigInt })
    const target = targetOf('127.0.0.1', 9) as Target
    assert.equal(outbox.put(socket, target, Buffer.alloc(1537)), false)
    assert.equal(outbox.put(socket, target, Buffer.alloc(1536)), true)
  })
})

describe('an address as the system has it', () => {
  const name = (host: string, port = 0x1234) => targetOf(host, port)?.name.toString('hex')
  it('is that of IPv4', () => {
    assert.equal(name('192.0.2.7'), `0200${'1234'}c0000207${'00'.repeat(8)}`)
  })

  it('is that of IPv6, however it is written', () => {
    const whole = (address: string) => `0a00${'1234'}${'00'.repeat(4)}${address}${'00'.repeat(4)}`
    const zeros = (bytes: number) => '00'.repeat(bytes)
    assert.equal(name('2001:db8::1'), whole(`20010db8${zeros(11)}01`))
    assert.equal(name('::'), whole(zeros(16)))
    assert.equal(name('::1'), whole(`${zeros(15)}01`))
    assert.equal(name('fe80::'), whole(`fe80${zeros(14)}`))
    assert.equal(name('1:2:3:4:5:6:7:8'), whole('00010002000300040005000600070008'))
    assert.equal(name('1:2:3:4:5:6:7::'), whole(`0001000200030004000500060007${zeros(2)}`))
    assert.equal(name('::ffff:192.0.2.7'), whole(`${zeros(10)}ffffc0000207`))
  })

  it('is none for names, zones and what is not written right', () => {
    for (const host of ['viewer.example', 'fe80::1%eth0', '', '1.2.3', '1.2.3.4.5', 'x::1', '[::1]'])
      assert.equal(targetOf(host, 1), undefined, host)
  })
})
