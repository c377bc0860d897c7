import assert from 'node:assert/strict'
import { earlyHello } from '@ownsight/camera-agent/rtc/guard/early-hello'
import type { DtlsTransport, IceConnection, WeriftEvent } from '@ownsight/camera-agent/rtc/guard/internals'

function event<A extends unknown[]>(): WeriftEvent<A> & { readonly size: number } {
  const handlers = new Set<(...args: A) => void>()
  return {
    execute(...args) {
      for (const handler of handlers) handler(...args)
    },
    subscribe(handler) {
      handlers.add(handler)
      return { unSubscribe: () => void handlers.delete(handler) }
    },
    get size() {
      return handlers.size
    },
  }
}

describe('datagrams before the DTLS server is there', () => {
  function stage() {
    const onData = event<[Buffer]>()
    const onStateChange = event<[string]>()
    const heard: string[] = []
    const transport = {
      state: 'new',
      onStateChange,
      dtls: { transport: { socket: { onData: (datagram: Buffer) => heard.push(datagram.toString('hex')) } } },
    }
    earlyHello(transport as unknown as DtlsTransport, { onData } as unknown as IceConnection)
    return {
      heard,
      transport,
      onData,
      comes: (...bytes: number[]): void => onData.execute(Buffer.from(bytes)),
      async becomes(state: string): Promise<void> {
        transport.state = state
        onStateChange.execute(state)
        await Promise.resolve()
      },
    }
  }

  it('those of DTLS, first byte 20 to 63, are handed over once it connects, in order', async () => {
    const { heard, comes, becomes } = stage()
    for (const first of [19, 20, 22, 63, 64, 0]) comes(first, 1)
    comes()
    assert.deepEqual(heard, [])
    await becomes('connecting')
    assert.deepEqual(heard, ['1401', '1601', '3f01'])
  })

  it('eight at most', async () => {
    const { heard, comes, becomes } = stage()
    for (let n = 0; n < 10; n++) comes(22, n)
    await becomes('connecting')
    assert.deepEqual(heard, ['1600', '1601', '1602', '1603', '1604', '1605', '1606', '1607'])
  })

  it('none that comes later, and none twice', async () => {
    const { heard, comes, becomes, onData, transport } = stage()
    comes(22, 1)
    await becomes('connecting')
    assert.equal(onData.size, 0)
    comes(22, 2)
    await becomes('connected')
    transport.state = 'new'
    await becomes('connecting')
    assert.deepEqual(heard, ['1601'])
  })

  it('none that comes when it is no longer new, though nobody said so yet', async () => {
    const { heard, comes, becomes, transport } = stage()
    transport.state = 'connecting'
    comes(22, 1)
    await becomes('connecting')
    assert.deepEqual(heard, [])
  })

  it('none for a transport that fails, or has no server by then', async () => {
    const { heard, comes, becomes } = stage()
    comes(22, 1)
    await becomes('failed')
    assert.deepEqual(heard, [])
    const other = stage()
    other.comes(22, 1)
    Reflect.deleteProperty(other.transport, 'dtls')
    await other.becomes('connecting')
    assert.deepEqual(other.heard, [])
  })
})
