import assert from 'node:assert/strict'
import { isCandidate, usableCandidate } from '@ownsight/protocol/sdp-candidate'

const host = (address: string, port: number | string = 50_000): string =>
  `a=candidate:1 1 udp 2122260223 ${address} ${port} typ host`

describe('protocol: candidates', () => {
  const usable = [
    '192.0.2.9',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '223.255.255.254',
    '2001:db8::5',
    '2001:DB8::5',
    '2001:db8:0:0:0:0:0:5',
    'fd12:3456::1',
    'fd00:ec2:0:1::254',
  ]
  for (const address of usable)
    it(`${address} may stay`, () =>
      assert.deepEqual(usableCandidate(host(address)), { address, port: 50_000, type: 'host' }))

  it('addresses beside what is refused may stay', () => {
    for (const address of [
      '169.253.255.255',
      '168.254.1.1',
      '126.0.0.1',
      '128.0.0.1',
      '1.0.0.0',
      '223.0.0.1',
      '2000::1',
      '3fff::1',
      'fc00::1',
      'fdff::1',
      'fd00:ec2:1::254',
      'fd00:ec2::1:0:0:0:254',
      'fd00:ec3::254',
      'fd01:ec2::254',
      '2003::1',
      '2001:ff9b::1',
      '2001:db8:1:2:3:4:5::',
      '2001:db8::',
      '2001:0db8:0001:0002:0003:0004:0005:0006',
    ])
      assert.ok(usableCandidate(host(address)), address)
  })

  it('addresses just beyond may not', () => {
    for (const address of [
      '1fff::1',
      '4000::1',
      'fbff::1',
      'fe00::1',
      '2001:db8:1:2:3:4:5:6::',
      '2001:db8::1::',
      '2001:db8:1:2:3:4:5',
      '02001:db8::1',
      '2001:db8::12345',
      '2001:db8::00001',
      'x2001:db8::1',
      '2001:db8::1x',
      '2001:0db8:0001:0002:0003:0004:0005:00006',
      'x1.2.3.4',
      '1.256.3.4',
      '1.2.3.256',
      '1.2.3.4x',
      '1.2.3.1234',
      '1.2.3.',
    ])
      assert.equal(usableCandidate(host(address)), undefined, address)
  })

  it('each part of a line is what it says, from its first character to its last', () => {
    const parts = host('192.0.2.9').split(' ')
    const [HEAD, COMPONENT, PROTOCOL, PRIORITY, , PORT, TYP, TYPE] = [0, 1, 2, 3, 4, 5, 6, 7]
    const line = (at: number, value: string): string => parts.with(at, value).join(' ')
    const good: [number, string[]][] = [
      [HEAD, ['a=candidate:1', 'a=candidate:aZ09+/', `a=candidate:${'1'.repeat(32)}`]],
      [PROTOCOL, ['udp', 'UDP']],
      [PRIORITY, ['0', '4294967295']],
      [PORT, ['1024', '65535']],
      [TYPE, ['host', 'srflx', 'prflx', 'relay']],
    ]
    const bad: [number, string[]][] = [
      [
        HEAD,
        [
          'xa=candidate:1',
          'a=candidate:',
          'a=candidate:1!',
          `a=candidate:${'1'.repeat(33)}`,
          'A=candidate:1',
        ],
      ],
      [COMPONENT, ['2', '01', '']],
      [PROTOCOL, ['tcp', '']],
      [PRIORITY, ['', 'x1', '1x', '12345678901']],
      [PORT, ['0', '1023', '65536', '99999', '01024', 'x5000', '5000x', '500000', '']],
      [TYP, ['', 'Typ']],
      [TYPE, ['', 'hosts', 'xhost', 'Host']],
    ]
    for (const [at, values] of good)
      for (const value of values) assert.ok(usableCandidate(line(at, value)), line(at, value))
    for (const [at, values] of bad)
      for (const value of values) assert.equal(usableCandidate(line(at, value)), undefined, line(at, value))
    for (let size = 0; size < parts.length; size++)
      assert.equal(usableCandidate(parts.slice(0, size).join(' ')), undefined)
  })

  it('a candidate line is known by its beginning alone', () => {
    for (const line of ['a=candidate', 'a=candidate:', 'A=CANDIDATE:1', 'a=candidate:x y'])
      assert.ok(isCandidate(line))
    for (const line of ['xa=candidate:1', 'a=candidates', 'a=candidate 1', '']) assert.ok(!isCandidate(line))
  })

  const unusable: Record<string, string[]> = {
    loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'],
    unspecified: ['0.0.0.0', '0.1.2.3', '::', '0:0:0:0:0:0:0:0'],
    'link-local': ['169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
    'cloud metadata': ['169.254.169.254', 'fd00:ec2::254', 'fd00:0ec2:0:0:0:0:0:254'],
    'multicast, reserved, broadcast': [
      '224.0.0.251',
      '239.255.255.250',
      '240.0.0.1',
      '255.255.255.255',
      'ff02::fb',
    ],
    'IPv4 inside IPv6': [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:c000:209',
      '::127.0.0.1',
      '::7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b::127.0.0.1',
      '2002:7f00:1::',
      '::ffff:0:7f00:1',
    ],
    'other spellings': [
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4',
    ],
    names: [
      '5e2c0a1b-0000-4000-8000-000000000000.local',
      'localhost',
      'metadata.google.internal',
      'example.com',
    ],
    'no address': [
      '',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      '[2001:db8::5]',
      '2001:db8::g',
    ],
  }
  for (const [kind, addresses] of Object.entries(unusable))
    for (const address of addresses)
      it(`attack 24: ${kind}: ${address || 'nothing'}`, () =>
        assert.equal(usableCandidate(host(address)), undefined))

  const ports = ['0', '9', '53', '80', '1023', '65536', '99999', '-1', '05000', '5e3', ' 5000', '']
  for (const port of ports)
    it(`attack 24: port ${port || 'none'}`, () =>
      assert.equal(usableCandidate(host('192.0.2.9', port)), undefined))
  it('ports 1024 and 65535 may stay', () => {
    assert.ok(usableCandidate(host('192.0.2.9', 1024)))
    assert.ok(usableCandidate(host('192.0.2.9', 65_535)))
  })

  const lines = [
    'a=candidate:1 1 tcp 1 192.0.2.9 50000 typ host tcptype passive',
    'a=candidate:1 1 ssltcp 1 192.0.2.9 50000 typ host',
    'a=candidate:1 2 udp 1 192.0.2.9 50000 typ host',
    'a=candidate:1 0 udp 1 192.0.2.9 50000 typ host',
    'a=candidate:1 01 udp 1 192.0.2.9 50000 typ host',
    'a=candidate: 1 udp 1 192.0.2.9 50000 typ host',
    'a=candidate:é 1 udp 1 192.0.2.9 50000 typ host',
    `a=candidate:${'1'.repeat(33)} 1 udp 1 192.0.2.9 50000 typ host`,
    'a=candidate:1 1 udp x 192.0.2.9 50000 typ host',
    'a=candidate:1 1 udp 1 192.0.2.9 50000 host',
    'a=candidate:1 1 udp 1 192.0.2.9 50000 typ',
    'a=candidate:1 1 udp 1 192.0.2.9 50000 typ other',
    'a=candidate:1  1 udp 1 192.0.2.9 50000 typ host',
    'a=candidate:1 1 udp 1',
    'a=candidate:',
    'a=candidate',
    'a=Candidate:1 1 udp 1 192.0.2.9 50000 typ host',
  ]
  for (const line of lines)
    it(`is recognised and deleted: ${line}`, () => {
      assert.ok(isCandidate(line))
      assert.equal(usableCandidate(line), undefined)
    })

  it('srflx, prflx and relay keep what follows the type', () => {
    for (const type of ['srflx', 'prflx', 'relay'])
      assert.equal(
        usableCandidate(`a=candidate:1 1 UDP 1 192.0.2.9 50000 typ ${type} raddr 0.0.0.0 rport 0 ufrag x`)
          ?.type,
        type,
      )
  })

  it('other attributes are no candidates', () => {
    for (const line of ['a=candidates:1', 'a=end-of-candidates', 'a=remote-candidates:1', 'b=candidate:1'])
      assert.ok(!isCandidate(line), line)
  })
})
