import assert from 'node:assert/strict'
import { orderFor } from '@ownsight/camera-agent/rtc/candidate-order'

const line = (address: string, type: string, priority: number): string =>
  `a=candidate:1 1 udp ${priority} ${address} 40000 typ ${type}${type === 'host' ? '' : ' raddr 0.0.0.0 rport 0'}`
const sdp = (...lines: string[]): string => ['v=0', ...lines, 'a=end-of-candidates', ''].join('\r\n')
const HOST = 126 * 2 ** 24 + 65_535
const PUBLIC = 100 * 2 ** 24 + 65_535
const answer = sdp(line('192.168.1.20', 'host', HOST), line('203.0.113.5', 'srflx', PUBLIC))
const from = (...lines: string[]): string => sdp('a=candidate:1 1 udp 1 a.local 4 typ host', ...lines)

describe('the order of own addresses', () => {
  const prioritiesFor = (offer: string, own = answer): number[] =>
    orderFor(offer, own)
      .split('\r\n')
      .filter(each => each.startsWith('a=candidate'))
      .map(each => Number(each.split(' ')[3]))

  it('puts those of the house behind the public one for a viewer that is elsewhere', () => {
    const [house = 0, other = 0] = prioritiesFor(from(line('198.51.100.7', 'srflx', PUBLIC)))
    assert.ok(house < other && house > 2 ** 24, 'and before a relay')
    assert.equal(other, PUBLIC)
  })
  it('leaves all as it was for one behind the same public address, or where that is not known', () => {
    for (const offer of [
      from(line('203.0.113.5', 'srflx', PUBLIC)),
      from(line('198.51.100.7', 'srflx', PUBLIC), line('203.0.113.5', 'srflx', PUBLIC)),
      from(),
      from(line('198.51.100.7', 'relay', 1)),
    ])
      assert.equal(orderFor(offer, answer), answer)
    const unknown = sdp(line('192.168.1.20', 'host', HOST))
    assert.equal(orderFor(from(line('198.51.100.7', 'srflx', PUBLIC)), unknown), unknown)
  })
  it('leaves all as it was for one that shows an address of a house', () => {
    const offer = from(line('198.51.100.7', 'srflx', PUBLIC), line('192.168.1.33', 'host', HOST))
    assert.equal(orderFor(offer, answer), answer)
  })
  it('lets an own public address stand first, and touches nothing else', () => {
    const open = sdp(line('203.0.113.9', 'host', HOST), line('203.0.113.5', 'srflx', PUBLIC))
    assert.equal(orderFor(from(line('198.51.100.7', 'srflx', PUBLIC)), open), open)
    const elsewhere = orderFor(from(line('198.51.100.7', 'srflx', PUBLIC)), answer)
    assert.equal(elsewhere.replace(/ 15\d{8} /, ` ${HOST} `), answer)
  })
})
