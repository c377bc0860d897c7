import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DENIED_PROBES } from '@ownsight/turn-config/denied-probes'
import { parseTurnOptions, type TurnOptionsInput } from '@ownsight/turn-config/options'
import { render, renderFirewall } from '@ownsight/turn-config/render'
import { createLab, type Lab } from '../netlab/lab.ts'
import { startTurn, type Turn, type TurnFacts } from '../netlab/turn.ts'
import { start, stopAll } from '../support/processes.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

const MAIN = join(import.meta.dirname, '../../turn-config/src/main.ts')

/** The operator's own check, against a real coturn in the lab: silent when all is well, and one fault at a time. */
describe('contract: ownsight-turn check', function () {
  this.timeout(180_000)
  let lab: Lab<'viewer'>
  let turn: Turn
  let folder: string

  const optionsOf = (facts: TurnFacts): TurnOptionsInput => ({
    realm: facts.realm,
    externalIp: [facts.ipv4[0] ?? '', facts.ipv6[0] ?? ''],
    secrets: [facts.secret],
    port: facts.port,
    tls: { cert: facts.cert, key: facts.key, port: 443 },
    relayPorts: [...facts.relayPorts],
    stateFolder: facts.folder,
    user: 'root',
  })
  const config =
    (edit = (text: string) => text) =>
    (facts: TurnFacts): string =>
      edit(render(parseTurnOptions(optionsOf(facts))))
  const serve = async (edit?: (text: string) => string): Promise<void> => {
    await turn?.stop()
    turn = await startTurn(lab, { config: config(edit) })
  }
  const firewall = (rules: string): void => {
    const file = join(folder, 'rules.nft')
    writeFileSync(file, rules)
    lab.server.run('nft', '-f', file)
  }
  /** @param more words after it; what is given twice counts as its last */
  const check = async (...more: string[]): Promise<{ code: number | null; out: string; kinds: string[] }> => {
    const [command = '', ...before] = lab.homes.viewer.prefix
    const words = [
      'check',
      '--server',
      turn.ipv4[0] ?? '',
      '--secret-file',
      turn.secretFile,
      '--ca',
      turn.ca.ca,
    ]
    const node = [...before, process.execPath, '--no-warnings', MAIN, ...words, ...more]
    const running = start(command, node)
    const { code } = await running.exited
    const out = running.stdout() + running.stderr()
    return { code, out, kinds: [...new Set(running.stdout().match(/^[a-z-]+(?=: )/gm) ?? [])] }
  }

  before(async () => {
    folder = tempFolder('turn-check')
    lab = await createLab({ homes: { viewer: { nat: 'open', family: 'dual' } } })
    await serve()
    firewall(renderFirewall(parseTurnOptions(optionsOf(turn))))
  })
  after(async () => {
    await turn?.stop()
    await lab?.close()
    await stopAll()
    removeTemp(folder)
  })

  it('finds nothing wrong with what is rendered', async () => {
    const { code, out } = await check()
    assert.equal(code, 0, out)
    assert.match(out, /in order/)
  })

  it('names a wrong secret, and an ended credential', async () => {
    const wrong = join(folder, 'wrong')
    writeFileSync(wrong, `${'w'.repeat(43)}\n`)
    assert.deepEqual((await check('--secret-file', wrong)).kinds, ['wrong-secret'])
    const old = join(folder, 'old.json')
    writeFileSync(old, JSON.stringify({ username: '1600000000:x', credential: 'x' }))
    assert.deepEqual((await check('--credential-file', old)).kinds, ['expired'])
  })

  it('names a port where nothing is, and a certificate that nobody trusts', async () => {
    assert.deepEqual((await check('--port', '3999')).kinds, ['unreachable', 'tcp-closed'])
    assert.deepEqual((await check('--tls-port', '444')).kinds, ['tls-closed'])
    const other = join(folder, 'none.pem')
    writeFileSync(other, '')
    assert.deepEqual((await check('--ca', other)).kinds, ['tls-chain'])
  })

  it('names a clock that is off, either way', async () => {
    const [command = '', ...before] = lab.homes.viewer.prefix
    const script = `
      import { checkRelay } from '@ownsight/turn-config/check'
      const [host, port, secret, shift] = process.argv.slice(1)
      const now = Date.now() / 1000 + Number(shift)
      const faults = await checkRelay({ host, port: Number(port), secret, now })
      console.log(faults.map(({ code }) => code).join())`
    for (const shift of ['-3600', '3600']) {
      const flags = ['--no-warnings', '--input-type=module', '-e', script]
      const own = [turn.ipv4[0] ?? '', String(turn.port), turn.secret, shift]
      const running = start(command, [...before, process.execPath, ...flags, '--', ...own], {
        cwd: join(import.meta.dirname, '..'),
      })
      await running.exited
      assert.equal(running.stdout().trim(), 'clock', shift + running.stderr())
    }
  })

  it('names a relay whose two ends do not meet', async () => {
    await serve(text => text.replaceAll(/^allowed-peer-ip=.*$/gm, 'denied-peer-ip=203.0.113.10'))
    assert.deepEqual((await check()).kinds, ['relay-dead'])
    await serve()
  })

  it('names a relay that reaches its own other ports', async () => {
    firewall('delete table inet ownsight_turn')
    assert.deepEqual((await check()).kinds, ['own-port-open'])
    firewall(renderFirewall(parseTurnOptions(optionsOf(turn))))
  })

  it('names each denied range that is gone, IPv4 and IPv6', async () => {
    await serve(text => text.replaceAll(/^denied-peer-ip=.*$/gm, ''))
    const { out, kinds } = await check()
    assert.deepEqual(kinds, ['range-open'])
    // What coturn refuses by itself or by no-multicast-peers; all else is refused by a line alone.
    const open = new Set([...out.matchAll(/would reach (\S+),/g)].map(([, address]) => address))
    const closed = [...DENIED_PROBES.ipv4, ...DENIED_PROBES.ipv6].filter(address => !open.has(address))
    const byItself = /^(0|127|224|255)\.|^::1$|^ff/
    assert.deepEqual(
      closed.filter(address => !byItself.test(address)),
      [],
    )
    await serve(text => text.replace(/^denied-peer-ip=::ffff:.*$/m, ''))
    const mapped = [...(await check()).out.matchAll(/would reach (\S+),/g)].map(([, address]) => address)
    assert.ok(mapped.length > 0 && mapped.every(address => address?.startsWith('::ffff:')), mapped.join())
  })

  it('names old TLS, which a relay with lax ciphers refuses by its lines alone', async () => {
    // By itself OpenSSL 3 has no signature that old TLS could use: without this, the lines would prove nothing.
    const lax = (text: string): string => `${text}cipher-list=DEFAULT:@SECLEVEL=0\n`
    await serve(lax)
    assert.deepEqual((await check()).kinds, [])
    await serve(text => lax(text.replaceAll(/^no-tlsv1(_1)?\n/gm, '')))
    const { out, kinds } = await check()
    assert.deepEqual(kinds, ['tls-old'])
    assert.match(out, /TLSv1:.*\n.*TLSv1\.1:/)
  })

  it('names software that shows, and a relay that lets anybody in', async () => {
    await serve(text => text.replace(/^no-software-attribute$/m, ''))
    assert.deepEqual((await check()).kinds, ['software'])
    await serve(text => text.replace(/^use-auth-secret$/m, 'no-auth').replace(/^static-auth-secret=.*$/m, ''))
    assert.deepEqual((await check()).kinds, ['open'])
  })
})
