import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTurnOptions } from '@ownsight/turn-config/options'
import { renderFirewall } from '@ownsight/turn-config/render'
import { login, OLD_SECRET, openTurnStage, PORT, RELAY, type TurnStage } from '../netlab/turn-stage.ts'
import type { Login, Step } from '../netlab/turn-talk.ts'
import { start, stopAll } from '../support/processes.ts'
import { until } from '../support/wait.ts'

/**
 * What a relay must refuse, asked of a real coturn with a rendered file. That each line of the file is in force by itself,
 * and that the question would notice its absence: turn-options.test.ts.
 */
describe('contract: coturn with a rendered configuration', function () {
  this.timeout(120_000)
  let stage: TurnStage
  before(() => {
    stage = openTurnStage()
  })
  after(async () => {
    await stage?.close()
    await stopAll()
  })

  const ask = (steps: Step[], host: string = RELAY.ipv4) => stage.probe.talk({ host, port: PORT, steps })
  const codes = async (...steps: Step[]): Promise<(number | null)[]> =>
    (await ask(steps)).map(({ code }) => code)
  const allocate = (who: Login = login(), more: object = {}): Step => ({ do: 'allocate', ...who, ...more })
  const itself: Step = { do: 'permit', peer: 'itself' }

  it('knows every option', () =>
    stage.serve(stage.render(), async coturn => {
      assert.doesNotMatch(coturn.stdout(), /bad configuration|unrecognized|unknown option/i)
      assert.deepEqual(await codes(allocate(), itself), [0, 0])
    }))

  it('these words would be in its log', () =>
    stage.serve(`${stage.render()}\ndenied-peer-ips=10.0.0.0-10.255.255.255\n`, async coturn => {
      assert.match(coturn.stdout(), /bad configuration|unrecognized|unknown option/i)
    }))

  it('takes credentials of both secrets, and no wrong, expired, foreign or changed one', () =>
    stage.serve(stage.render(), async () => {
      const good = login()
      const rows: [string, Step, number][] = [
        ['good', allocate(good), 0],
        ['of the older secret', allocate(login({ secret: OLD_SECRET })), 0],
        ['of another relay', allocate(login({ secret: 'w'.repeat(43) })), 401],
        ['good, for another realm', allocate(good, { realm: 'other.test' }), 437],
        ['ended', allocate(login({ now: Date.now() / 1000 - 700 })), 401],
        ['with its end put off', allocate({ ...good, username: `9${good.username}` }), 401],
        ['with the user of another', allocate({ ...good, username: login().username }), 401],
        ['without a password', allocate({ ...good, credential: '' }), 401],
        ['without an end', allocate({ username: 'ada', credential: 'x' }), 401],
      ]
      for (const [what, step, code] of rows) assert.deepEqual(await codes(step), [code], what)
    }))

  it('a request that was listened to is of no use from another port, nor another’s credential on this allocation', () =>
    stage.serve(stage.render(), async () => {
      const replay: Step = { do: 'replay' }
      const [mine, other] = [login(), login()]
      assert.deepEqual(
        await codes(allocate(mine), replay, { do: 'as', ...other }, itself, { do: 'refresh', lifetime: 0 }),
        [0, 438, 0, 441, 441],
      )
      assert.deepEqual(await codes(allocate(mine), itself, replay), [0, 0, 438])
    }))

  it('a credential that has ended opens nothing new; what it opened lives on, through new nonces too', () =>
    stage.serve(stage.render().replace('stale-nonce=600', 'stale-nonce=3'), async () => {
      const short = login({ ttlSeconds: 2 })
      const wait: Step = { do: 'wait', ms: 4000 }
      const refresh: Step = { do: 'refresh', lifetime: 600 }
      assert.deepEqual(
        await codes(allocate(short), wait, refresh, refresh, itself, wait, refresh, refresh, itself),
        [0, 0, 438, 0, 0, 0, 438, 0, 0],
      )
      assert.deepEqual(await codes(allocate(short)), [401], 'used again')
    }))

  const REFUSED = {
    ipv4: [
      ...['127.0.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
      ...['169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
      ...[RELAY.second, '8.8.4.4'],
    ],
    ipv6: [
      ...['::1', '::', 'fe80::1', 'fd00:ec2::254', 'fc00::1', 'ff02::1', '2600::1'],
      ...['::ffff:127.0.0.1', '::ffff:10.1.2.3', '::ffff:169.254.169.254', '64:ff9b::10.1.2.3'],
    ],
  }
  it('reaches no loopback, private, link-local, metadata or multicast address, no other of this machine, and none denied', () =>
    stage.serve(stage.render(), async () => {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const more = family === 'ipv6' ? { family } : {}
        for (const peer of REFUSED[family])
          assert.deepEqual(await codes(allocate(login(), more), { do: 'permit', peer }), [0, 403], peer)
      }
      assert.deepEqual(
        await codes(allocate(), { do: 'permit', peer: '10.20.0.9' }, { do: 'permit', peer: '8.8.8.8' }),
        [0, 0, 0],
      )
    }))

  it('reaches no port of its own machine but those it relays on, where signaling may listen', async () => {
    const rules = join(stage.folder, 'rules.nft')
    const options = {
      realm: 'x',
      externalIp: [RELAY.ipv4],
      secrets: [OLD_SECRET],
      relayPorts: [50_000, 50_999],
    }
    writeFileSync(rules, renderFirewall(parseTurnOptions({ ...options, user: 'root' })))
    const LISTEN = `require('node:dgram').createSocket('udp4').on('message', m => console.log(String(m)))
      .bind(8443, '${RELAY.ipv4}', () => console.log('ready'))`
    const [command = '', ...before] = stage.prefix()
    const listener = start(command, [...before, process.execPath, '-e', LISTEN])
    await listener.waitForLine(/ready/)
    const knock = (text: string): Promise<unknown> =>
      ask([
        allocate(),
        itself,
        { do: 'send', to: { address: RELAY.ipv4, port: 8443 }, text },
        { do: 'wait', ms: 300 },
      ])
    await stage.serve(stage.render(), async () => {
      stage.run('nft', '-f', rules)
      await knock('walled')
      const { poured = 0 } =
        (await ask([allocate(), itself, { do: 'pour', bytesPerSecond: 50_000, ms: 1000 }])).at(-1) ?? {}
      assert.ok(poured > 10_000, `${poured} bytes a second between its own ends`)
      stage.run('nft', 'delete', 'table', 'inet', 'ownsight_turn')
      await knock('open')
      await until(() => listener.stdout().includes('open'), {
        timeout: 20_000,
        what: 'the packet without a wall',
      })
      assert.doesNotMatch(listener.stdout(), /walled/)
    })
    await listener.stop()
  })
})
