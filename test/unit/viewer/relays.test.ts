import assert from 'node:assert/strict'
import type { RelayGrant } from '@ownsight/protocol/relay-grant'
import { WatchFault } from '../../../viewer/src/failures.ts'
import { gather, NO_SERVERS, withoutRelays } from '../../../viewer/src/rtc/gather.ts'

const grant: RelayGrant = { urls: ['turn:relay.example'], username: '1:a', credential: 'c', exp: 1 }

/** As much of a peer connection as gathering looks at. */
function gathering() {
  const target = new EventTarget() as EventTarget & { iceGatheringState: string }
  target.iceGatheringState = 'gathering'
  const found = (type: string | null, address = '192.0.2.7'): void => {
    const candidate = type === null ? null : { type, address }
    target.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }))
  }
  const complete = (): void => {
    target.iceGatheringState = 'complete'
    target.dispatchEvent(new Event('icegatheringstatechange'))
  }
  return { pc: target as unknown as RTCPeerConnection, found, complete }
}
const settledIn = async (work: Promise<boolean>, ms: number): Promise<boolean | 'waiting'> => {
  const { promise, resolve } = Promise.withResolvers<'waiting'>()
  const timer = setTimeout(() => resolve('waiting'), ms)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}

describe('gathering', () => {
  const asked = { iceServers: [{ urls: 'turn:relay.example' }], relayOnly: false, patience: 300 }

  it('with no server to ask, own addresses are enough', async () => {
    const { pc, found } = gathering()
    const done = gather(pc, { ...NO_SERVERS, patience: 5000 })
    found('host')
    assert.equal(await settledIn(done, 2000), false)
  })

  it('an address that the browser hides is of no use to a camera, and waited for no longer', async () => {
    const timers: (number | undefined)[] = []
    const real = globalThis.setTimeout
    globalThis.setTimeout = ((run: () => void, ms?: number) => {
      timers.push(ms)
      return real(run, ms)
    }) as typeof setTimeout
    try {
      const { pc, found } = gathering()
      const done = gather(pc, { ...NO_SERVERS, patience: 5000 })
      found('host', '0c5b6c0a-7a0f-4d2b-9d53-0f6d1c6e3a11.local')
      found('host', '192.0.2.7')
      assert.deepEqual(timers.slice(1), [0, 30], 'a plain one may be followed by others')
      assert.equal(await done, false)
    } finally {
      globalThis.setTimeout = real
    }
  })

  it('with one, it waits for a public or relayed address', async () => {
    for (const type of ['srflx', 'relay']) {
      const { pc, found } = gathering()
      const done = gather(pc, { ...asked, patience: 60_000 })
      found('host')
      assert.equal(await settledIn(done, 150), 'waiting')
      found(type)
      assert.equal(await settledIn(done, 2000), true)
    }
  })

  it('a hidden address waits for the relay', async () => {
    const { pc, found } = gathering()
    const done = gather(pc, { ...asked, relayOnly: true, patience: 60_000 })
    found('srflx')
    assert.equal(await settledIn(done, 150), 'waiting')
    found('relay')
    assert.equal(await settledIn(done, 2000), true)
  })

  it('servers that are silent hold nobody up for longer than the patience, nor those that are done', async () => {
    const silent = gathering()
    const done = gather(silent.pc, asked)
    silent.found('host')
    assert.equal(await settledIn(done, 5000), false)
    const finished = gathering()
    const all = gather(finished.pc, { ...asked, patience: 60_000 })
    finished.complete()
    assert.equal(await settledIn(all, 2000), false)
  })
})

describe('servers of a session that waits', () => {
  it('are asked for the public address and lend no relay', () => {
    const urls = [
      'turn:r.example:3478?transport=udp',
      'turn:[2001:db8::1]:3478',
      'turns:r.example:443?transport=tcp',
    ]
    const servers = withoutRelays({
      iceServers: [{ urls, username: '1:a', credential: 'c' }],
      relayOnly: false,
      patience: 300,
    })
    assert.deepEqual(servers.iceServers, [{ urls: ['stun:r.example:3478', 'stun:[2001:db8::1]:3478'] }])
    assert.equal(servers.patience, 300)
    assert.deepEqual(withoutRelays(NO_SERVERS).iceServers, [])
  })
})

describe('relays of a viewer', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  let open: typeof import('../../../viewer/src/relays.ts').openRelays
  before(async () => {
    open = (await import('../../../viewer/src/relays.ts')).openRelays
  })

  it('asks for none before there is a grant, uses the last one, and drops it when the server lends none', async () => {
    let reply: unknown = { grant }
    const relays = open(async () => reply as never, storage)
    assert.deepEqual(relays.servers().iceServers, [])
    await relays.renew()
    assert.deepEqual(relays.servers().iceServers, [
      { urls: ['turn:relay.example'], username: '1:a', credential: 'c' },
    ])
    reply = { hint: 'no_reply' }
    await relays.renew()
    assert.equal(relays.servers().iceServers.length, 1, 'a server that is away takes nothing back')
    reply = { hint: 'no_relays' }
    await relays.renew()
    assert.equal(relays.servers().iceServers.length, 0)
    relays.close()
  })

  it('with a hidden address and no relay there is no peer, and none that shows it', async () => {
    const relays = open(async () => ({ hint: 'no_relays' }) as never, storage)
    relays.hide(true)
    await assert.rejects(
      relays.peer(new AbortController().signal),
      error => error instanceof WatchFault && error.code === 'no_relay',
    )
    assert.equal(open(async () => ({ hint: 'no_relays' }) as never, storage).hidden.value, true, 'it is kept')
    relays.hide(false)
    relays.close()
  })
})
