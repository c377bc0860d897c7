import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { mintCredential } from '@ownsight/turn-config/credentials'
import { parseTurnOptions, type TurnOptionsInput } from '@ownsight/turn-config/options'
import { render } from '@ownsight/turn-config/render'
import { createLab, type Lab } from '../netlab/lab.ts'
import { ownFiles, startTurn, type Turn, type TurnFacts } from '../netlab/turn.ts'
import type { Probed, Step } from '../netlab/turn-probe.ts'
import { stopAll } from '../support/processes.ts'

const PROBE = join(import.meta.dirname, '../netlab/turn-probe.ts')
/** The lab's own public addresses are reserved ones; the viewer's box has one of them. */
const LAB = ['198.51.100.0-198.51.100.255']
const OLD = 'o'.repeat(43)

/** One TLS handshake of one version, with a client that would take any; prints the version, or `refused`. */
const HELLO = `
const [host, ca, version] = process.argv.slice(1)
const options = { host, port: 443, ca: require('node:fs').readFileSync(ca), minVersion: version, maxVersion: version }
const socket = require('node:tls').connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' })
const say = what => (process.stdout.write(what), process.exit())
// coturn drops what it does not speak, and says nothing.
socket.setTimeout(4000, () => say('refused'))
socket.on('secureConnect', () => say(socket.getProtocol()))
socket.on('error', error => say(error.code === 'ECONNREFUSED' ? 'no listener' : 'refused'))`

/** Each line of the renderer as a real coturn obeys it: asked from a home in the lab, never read from the file. */
describe('contract: coturn with a rendered configuration', function () {
  this.timeout(120_000)
  let lab: Lab<'viewer'>
  let turn: Turn

  const rendered =
    (change: Partial<TurnOptionsInput> = {}, edit = (text: string) => text) =>
    (facts: TurnFacts): string =>
      edit(
        `${render(
          parseTurnOptions({
            realm: facts.realm,
            externalIp: [facts.ipv4[0] ?? '', facts.ipv6[0] ?? ''],
            secrets: [facts.secret, OLD],
            port: facts.port,
            tls: { cert: facts.cert, key: facts.key, port: 443 },
            relayPorts: [...facts.relayPorts],
            userQuota: 2,
            sessionKbit: 800,
            allowPeers: LAB,
            ...change,
          }),
        )}\n${ownFiles(facts)}`,
      )
  before(async () => {
    lab = await createLab({ homes: { viewer: { nat: 'open', family: 'dual' } } })
  })
  beforeEach(async () => {
    turn = await startTurn(lab, { config: rendered() })
  })
  afterEach(() => turn?.stop())
  after(async () => {
    await lab?.close()
    await stopAll()
  })

  function probe(steps: Step[], host = turn.ipv4[0] ?? ''): Probed {
    const [command = '', ...before] = lab.homes.viewer.prefix
    const args = [
      ...before,
      process.execPath,
      '--no-warnings',
      PROBE,
      host,
      String(turn.port),
      JSON.stringify(steps),
    ]
    return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }))
  }
  const login = (
    more: { secret?: string; ttlSeconds?: number; now?: number } = {},
  ): Extract<Step, { do: 'allocate' }> => {
    const { username, credential } = mintCredential({ secret: turn.secret, ...more })
    return { do: 'allocate', username, password: credential }
  }
  const permits = (peers: readonly string[], host?: string): (number | null)[] =>
    probe([login(), ...peers.map(peer => ({ do: 'permit' as const, peer }))], host).codes.slice(1)

  it('knows every option, and says nothing of its software', () => {
    assert.doesNotMatch(turn.process.stdout(), /bad configuration|unrecognized|unknown option/i)
    const { codes, software } = probe([login()])
    assert.deepEqual(codes, [0])
    assert.equal(software, null)
  })

  it('takes credentials of both secrets, and no wrong, expired, foreign or shortened one', () => {
    const step = login()
    const rows: [Step, number][] = [
      [step, 0],
      [login({ secret: OLD }), 0],
      [login({ secret: 'w'.repeat(43) }), 401],
      [login({ now: Date.now() / 1000 - 700 }), 401],
      [{ ...step, username: `9${step.username}` }, 401],
      [{ ...step, password: '' }, 401],
      [{ do: 'allocate', username: 'ada', password: 'x' }, 401],
    ]
    for (const [each, code] of rows) assert.deepEqual(probe([each]).codes, [code], JSON.stringify(each))
  })

  it('a credential that has ended opens nothing new, and what it opened lives on', () => {
    const short = login({ ttlSeconds: 2 })
    const { codes } = probe([
      short,
      { do: 'wait', ms: 4000 },
      { do: 'refresh', lifetime: 600 },
      { do: 'permit', peer: 'itself' },
    ])
    assert.deepEqual(codes, [0, 0, 0])
    assert.deepEqual(probe([short]).codes, [401], 'used again')
  })

  const REFUSED = [
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '203.0.113.11',
  ]
  it('reaches no loopback, private, link-local, metadata or multicast address, and no other one of this machine', () => {
    assert.deepEqual(
      permits(REFUSED),
      REFUSED.map(() => 403),
    )
  })

  it('reaches public peers, and itself, where two relayed ends meet', () => {
    assert.deepEqual(permits(['198.51.100.9', '8.8.8.8', 'itself']), [0, 0, 0])
  })

  it('one more allocation than the quota of a credential is refused', () => {
    const step = login()
    assert.deepEqual(
      [0, 1, 2].map(() => probe([step]).codes[0]),
      [0, 0, 486],
    )
  })

  it('no more gets through one allocation than its bound', () => {
    const { poured = 0 } = probe([
      login(),
      { do: 'permit', peer: 'itself' },
      { do: 'pour', bytesPerSecond: 400_000, ms: 3000 },
    ])
    assert.ok(poured > 20_000, `${poured} bytes a second: it does relay`)
    assert.ok(poured < 160_000, `${poured} bytes a second of 400,000 asked, 100,000 allowed`)
  })

  it('speaks TLS 1.2 on port 443 and nothing older, and has no command line', () => {
    const [command = '', ...before] = lab.homes.viewer.prefix
    const hello = (version: string): string => {
      const args = [process.execPath, '-e', HELLO, turn.ipv4[0] ?? '', turn.ca.ca, version]
      return execFileSync(command, [...before, ...args], { encoding: 'utf8', timeout: 20_000 })
    }
    assert.deepEqual(['TLSv1.2', 'TLSv1.1', 'TLSv1'].map(hello), ['TLSv1.2', 'refused', 'refused'])
    const listening = lab.server.run('ss', '-Hltn')
    assert.ok(!listening.includes(':5766'), listening)
  })

  it('these checks notice what is missing', async () => {
    await turn.stop()
    const without = (line: RegExp) => rendered({}, text => text.replace(line, ''))
    turn = await startTurn(lab, { config: without(/^denied-peer-ip=10\..*$/m) })
    assert.deepEqual(permits(['10.1.2.3']), [0])
    await turn.stop()
    turn = await startTurn(lab, { config: without(/^no-software-attribute$/m) })
    assert.match(String(probe([login()]).software), /Coturn/i)
    await turn.stop()
    turn = await startTurn(lab, { config: without(/^user-quota=.*$/m) })
    const step = login()
    assert.deepEqual(
      [0, 1, 2].map(() => probe([step]).codes[0]),
      [0, 0, 0],
    )
  })
})
