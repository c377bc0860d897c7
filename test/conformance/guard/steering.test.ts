import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer } from '@ownsight/camera-agent/rtc/peer'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import { createViewer, type WeriftViewer } from '../../support/werift-viewer.ts'

/** Long enough for the first checks of every pair: one each 20 ms (RFC 8445 §14.2). */
const LISTEN_MS = 1500

const own = Object.values(networkInterfaces())
  .flat()
  .find(address => address && !address.internal && address.family === 'IPv4')?.address

describe('attack 24: candidates that steer the camera', function () {
  this.timeout(20_000)
  let viewer: WeriftViewer
  before(() => installGuard())
  beforeEach(async () => {
    viewer = await createViewer()
  })
  afterEach(() => viewer.close())

  /** How many datagrams reach a socket at `address` when an offer names it as a candidate. */
  async function reached(address: string, line: (port: number) => string): Promise<number> {
    const target: Socket = createSocket('udp4')
    let datagrams = 0
    target.on('message', () => datagrams++)
    target.bind(0, address)
    await once(target, 'listening')
    const steered = viewer.offer
      .replaceAll(/a=candidate:.*\r\n/g, '')
      .replace('a=ice-ufrag', `${line(target.address().port)}\r\na=ice-ufrag`)
    const lint = lintSdp(steered, { kind: 'offer' })
    assert.ok(lint.ok)
    const peer = await acceptOffer(lint.sdp, { signal: new AbortController().signal })
    await delay(LISTEN_MS)
    await peer.close()
    target.close()
    return datagrams
  }

  it('to an address a peer may have: checks arrive, so this listener hears', async () => {
    assert.ok(own, 'this machine has an address')
    assert.ok((await reached(own, port => `a=candidate:1 1 udp 2130706431 ${own} ${port} typ host`)) > 0)
  })
  it('to loopback: no packet', async () => {
    assert.equal(
      await reached('127.0.0.1', port => `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host`),
      0,
    )
  })
  it('to every interface by 0.0.0.0, or IPv4 written as IPv6: no packet', async () => {
    assert.equal(
      await reached('0.0.0.0', port => `a=candidate:1 1 udp 2130706431 0.0.0.0 ${port} typ host`),
      0,
    )
    assert.equal(
      await reached('127.0.0.1', port => `a=candidate:1 1 udp 2130706431 ::ffff:127.0.0.1 ${port} typ host`),
      0,
    )
  })
  it('to a name, or over TCP: no packet', async () => {
    assert.equal(
      await reached('127.0.0.1', port => `a=candidate:1 1 udp 2130706431 localhost ${port} typ host`),
      0,
    )
    assert.equal(
      await reached(
        '127.0.0.1',
        port => `a=candidate:1 1 tcp 2130706431 127.0.0.1 ${port} typ host tcptype passive`,
      ),
      0,
    )
  })
})
