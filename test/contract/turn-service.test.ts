import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTurnOptions } from '@ownsight/turn-config/options'
import {
  composeService,
  filterOf,
  MAIN,
  makeFiles,
  readTrace,
  runService,
  type Service,
  UNIT,
  unitService,
  unitValues,
} from '../netlab/turn-service.ts'
import { openTurnStage, RELAY, type TurnStage } from '../netlab/turn-stage.ts'
import { start, stopAll } from '../support/processes.ts'
import { until } from '../support/wait.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/TURN.md')
const DEFAULTS = parseTurnOptions({ realm: 'x', externalIp: ['203.0.113.10'], secrets: ['x'] })

/** The unit and the container's file: what they say agrees with what is rendered, and a relay run so is in order. */
describe('contract: the relay as a service', function () {
  this.timeout(180_000)
  let stage: TurnStage
  before(() => {
    stage = openTurnStage()
  })
  after(async () => {
    await stage?.close()
    await stopAll()
  })

  it('systemd finds nothing to say against the unit', function () {
    if (spawnSync('systemd-analyze', ['--version']).error) this.skip()
    const verify = (file: string): string => {
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
      return stdout + stderr
    }
    assert.equal(verify(UNIT), '')
    const wrong = join(stage.folder, 'wrong.service')
    writeFileSync(wrong, readFileSync(UNIT, 'utf8').replace('ProtectSystem', 'ProtectSystems'))
    assert.match(verify(wrong), /ProtectSystems/)
  })

  it('unit, container, document and defaults name the same files, folder and user', () => {
    const [unit, compose] = [unitService(), composeService()]
    const text = readFileSync(DOCUMENT, 'utf8')
    assert.deepEqual(compose.command, unit.command)
    assert.deepEqual(unit.command, ['/usr/bin/turnserver', '-c', '/etc/ownsight-turn/turnserver.conf'])
    assert.ok(text.includes(`> ${unit.command[2]}\n`), 'rendered to where the unit reads it')
    assert.ok(text.includes(`> ${unit.before.at(-1)}\n`), 'and the rules')
    assert.deepEqual([unit.stateFolder, compose.stateFolder], [DEFAULTS.stateFolder, DEFAULTS.stateFolder])
    assert.equal(unit.user, DEFAULTS.user)
  })

  const services: [string, () => Service][] = [
    ['the unit', unitService],
    ['the container', composeService],
  ]
  for (const [name, of] of services)
    it(`run as ${name} says, from files made by the document's commands, it is in order and asks no more of the kernel`, async () => {
      const service = of()
      const files = makeFiles(stage, service.user)
      const coturn = runService(stage, service, files)
      await until(
        () => {
          if (coturn.child.exitCode !== null) throw new Error(coturn.stdout() + coturn.stderr())
          return stage.run('ss', '-Hltn').includes(`${RELAY.ipv4}:443`)
        },
        { timeout: 30_000, what: 'the relay to listen' },
      )
      const check = [
        'check',
        '--server',
        RELAY.ipv4,
        '--secret-file',
        join(files, 'secret'),
        '--ca',
        stage.ca.ca,
      ]
      const [command = '', ...prefix] = stage.probe.prefix
      const checked = start(command, [...prefix, process.execPath, '--no-warnings', MAIN, ...check])
      await checked.exited
      await coturn.stop()
      stage.run('nft', 'delete', 'table', 'inet', 'ownsight_turn')
      assert.match(checked.stdout() + checked.stderr(), /in order/)
      const { calls, families, written, writableCode } = readTrace(coturn.trace)
      assert.ok(calls.size > 20, 'it was traced')
      const outside = [...written].filter(
        path => !path.startsWith(`${service.stateFolder}/`) && path !== '/dev/null',
      )
      assert.deepEqual(outside, [], 'files written')
      assert.deepEqual(writableCode, [])
      const mayUse = (unitValues('RestrictAddressFamilies')[0] ?? '').split(' ')
      assert.deepEqual(
        [...families].filter(family => !mayUse.includes(family)),
        [],
      )
      if (spawnSync('systemd-analyze', ['--version']).error) return
      const filter = filterOf(unitValues('SystemCallFilter'))
      assert.deepEqual(
        [...calls].filter(call => !filter.has(call)),
        [],
        'calls that the unit would refuse',
      )
    })
})
