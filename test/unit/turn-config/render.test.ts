import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTurnOptions, TurnOptionError, type TurnOptionsInput } from '@ownsight/turn-config/options'
import { render, renderFirewall } from '@ownsight/turn-config/render'
import { finish, rotate } from '@ownsight/turn-config/rotate'
import { parseSecrets, SecretError } from '@ownsight/turn-config/secret-file'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/turn')
const least: TurnOptionsInput = {
  realm: 'relay.example.org',
  externalIp: ['203.0.113.10'],
  secrets: ['n'.repeat(43)],
}
const all: TurnOptionsInput = {
  ...least,
  externalIp: ['198.51.100.7/10.0.0.7', '2001:db8::7'],
  secrets: ['n'.repeat(43), 'o'.repeat(43)],
  tls: { cert: '/etc/ownsight-turn/cert.pem', key: '/etc/ownsight-turn/key.pem' },
  relayPorts: [50_000, 50_999],
  userQuota: 4,
  totalQuota: 100,
  sessionKbit: 4000,
  totalKbit: 100_000,
  allowPeers: ['10.20.0.0-10.20.255.255', 'fd12::-fd12:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  denyPeers: ['192.0.2.7', '2600::1-2600::ff'],
  stateFolder: '/run/relay',
  user: 'relay',
}

/** Compares with the file kept; `OWNSIGHT_GOLDEN=1` writes it anew, for a person to read the difference. */
function golden(name: string, text: string): void {
  const file = join(fixtures, name)
  if (process.env.OWNSIGHT_GOLDEN || !existsSync(file)) writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

describe('ownsight-turn: the renderer', () => {
  it('renders what it rendered before', () => {
    golden('least.conf', render(parseTurnOptions(least)))
    golden('all.conf', render(parseTurnOptions(all)))
    golden('all.nft', renderFirewall(parseTurnOptions(all)))
  })

  it('no range begins at ::, which would refuse every IPv4 peer', () => {
    assert.doesNotMatch(render(parseTurnOptions(all)), /denied-peer-ip=::-/)
  })

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['realm', { realm: 'a b' }, /domain name/],
    ['externalIp', { externalIp: [] }, /public address/],
    ['externalIp.0', { externalIp: ['relay.example.org'] }, /public address/],
    ['externalIp.0', { externalIp: ['1.2.3.4/10.0.0.1/3'] }, /public\/private/],
    ['port', { port: 0 }, /1 to 65535/],
    ['port', { port: 50_000 }, /outside relayPorts/],
    ['tls.port', { tls: { cert: 'c', key: 'k', port: 3478 } }, /another than port/],
    ['relayPorts', { relayPorts: [60_000, 50_000] }, /lower port first/],
    ['totalQuota', { totalQuota: 1 }, /at least userQuota/],
    ['allowPeers.0', { allowPeers: ['10.0.0.0/8'] }, /hyphen/],
    ['denyPeers.0', { denyPeers: ['8.8.8.0/24'] }, /hyphen/],
    ['denyPeers.0', { denyPeers: ['203.0.113.0-203.0.113.20'] }, /own address/],
    ['denyPeers.0', { denyPeers: ['10.1.1.1'], allowPeers: ['10.0.0.0-10.255.255.255'] }, /allowPeers too/],
    ['stateFolder', { stateFolder: 'run' }, /absolute/],
    ['user', { user: 'root; drop' }, /user name/],
    ['colour', { colour: 'red' }, /unknown setting/],
  ]
  for (const [path, change, remedy] of wrong)
    it(`refuses a wrong ${path}, by name and with a remedy`, () => {
      assert.throws(
        () => parseTurnOptions({ ...least, ...change }),
        error => error instanceof TurnOptionError && error.path === path && remedy.test(error.message),
      )
    })
})

describe('ownsight-turn: rotation', () => {
  let folder = ''
  beforeEach(() => {
    folder = tempFolder('turn')
  })
  afterEach(() => removeTemp(folder))

  it('makes a secret, puts a new one in front of it, and drops the old', () => {
    const file = join(folder, 'secret')
    assert.equal(rotate(file), 1)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const [first] = parseSecrets(readFileSync(file, 'utf8'))
    assert.equal(rotate(file), 2)
    const [second, old] = parseSecrets(readFileSync(file, 'utf8'))
    assert.equal(old, first)
    assert.notEqual(second, first)
    assert.throws(() => rotate(file), SecretError)
    assert.equal(parseSecrets(readFileSync(file, 'utf8')).length, 2, 'what is there stays')
    finish(file)
    assert.deepEqual(parseSecrets(readFileSync(file, 'utf8')), [second])
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })
})
