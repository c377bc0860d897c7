import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLab, type Lab } from '../netlab/lab.ts'
import { type LabHouse, openLabHouse } from '../netlab/lab-house.ts'
import { start, stopAll } from '../support/processes.ts'

const program = join(import.meta.dirname, '../../camera-agent/src/main.ts')
const PATTERN = { kind: 'test-pattern', width: 160, height: 90, fps: 10 }

type Line = { check?: string; verdict?: string; ok: boolean; code?: string; sentence: string }
type Broken = {
  server?: string
  source?: unknown
  env?: Record<string, string>
  nodeArgs?: string[]
}

/** One fault at a time, made in the lab; the last line must name it, and say what to do. */
describe('ownsight-camera doctor', function () {
  this.timeout(180_000)
  let lab: Lab<'camera' | 'viewer'>
  let house: LabHouse
  let secret = ''

  before(async () => {
    lab = await createLab({ homes: { camera: { nat: 'port-restricted' }, viewer: {} } })
    house = await openLabHouse(lab)
    secret = readFileSync(house.turn.secretFile, 'utf8')
  })
  after(async () => {
    rmSync(join('/etc/netns', lab.homes.camera.namespace), { recursive: true, force: true })
    await house?.close()
    await lab?.close()
    await stopAll()
  })

  async function doctor(broken: Broken = {}): Promise<{ lines: Line[]; verdict: Line; exit: number | null }> {
    const { agent, ca, signaling } = house
    const file = join(agent.data, 'doctor.json')
    const { server = signaling.origin, source = PATTERN, nodeArgs = [] } = broken
    const cameras = [{ name: 'Door', source }]
    writeFileSync(file, JSON.stringify({ server, data: join(agent.data, 'data'), cameras }), { mode: 0o600 })
    const [command = '', ...before] = lab.homes.camera.prefix
    const run = start(
      command,
      [...before, process.execPath, ...nodeArgs, program, 'doctor', '--config', file, '--json'],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: ca.ca, ...broken.env } },
    )
    const { code } = await run.exited
    const lines = run
      .stdout()
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Line)
    const verdict = lines.at(-1)
    assert.ok(verdict?.verdict, run.stderr())
    assert.match(verdict.sentence, /^[A-Z].*\.$/)
    assert.ok(!run.stdout().includes(secret.trim()))
    return { lines, verdict, exit: code }
  }

  it('beside a running agent: nothing is wrong, and the agent is not disturbed', async () => {
    const { lines, verdict, exit } = await doctor()
    assert.deepEqual([verdict.verdict, exit], ['ok', 0], JSON.stringify(lines))
    assert.ok(lines.some(({ sentence }) => sentence === 'Door is online; its agent is running.'))
    assert.ok(lines.some(({ check, ok }) => check === 'relay' && ok))
    assert.ok(!house.agent.reports.some(({ event }) => event === 'offline'))
  })

  describe('without one', () => {
    before(() => house.agent.kill('SIGTERM'))
    const finds = (
      code: string,
      broken: () => Broken | Promise<Broken>,
      mend: () => unknown = () => undefined,
    ) =>
      it(code, async () => {
        try {
          const { verdict, exit, lines } = await doctor(await broken())
          assert.deepEqual([verdict.verdict, exit], [code, 1], JSON.stringify(lines))
        } finally {
          await mend()
        }
      })

    it('nothing is wrong: it signs in as the camera would', async () => {
      const { lines, verdict } = await doctor()
      assert.equal(verdict.verdict, 'ok', JSON.stringify(lines))
      assert.ok(lines.some(({ code }) => code === 'not_running'))
    })

    it('says what the router does with ports', async () => {
      const said = async () => (await doctor()).lines.find(({ check }) => check === 'network')?.code
      assert.equal(await said(), 'cone')
      await lab.homes.camera.change({ nat: 'symmetric' })
      assert.equal(await said(), 'nat_symmetric')
      await lab.homes.camera.change({ nat: 'port-restricted' })
    })

    const port = () => new URL(house.signaling.origin).port
    finds('server_name', () => ({ server: `https://nobody.ownsight.test:${port()}` }))
    finds('server_refused', () => ({ server: `https://${lab.server.ipv4[0]}:8444` }))
    finds(
      'server_unreachable',
      async () => {
        await lab.homes.camera.line.blackHole(true)
        return {}
      },
      () => lab.homes.camera.line.blackHole(false),
    )
    finds('certificate_authority', () => ({ env: { NODE_EXTRA_CA_CERTS: '' } }))
    finds('certificate_name', () => {
      const etc = join('/etc/netns', lab.homes.camera.namespace)
      mkdirSync(etc, { recursive: true })
      writeFileSync(join(etc, 'hosts'), `${lab.server.ipv4[0]} other.ownsight.test\n`)
      return { server: `https://other.ownsight.test:${port()}` }
    })
    finds('clock', () => ({
      env: { CLOCK_SHIFT_MS: String(9 * 3_600_000) },
      nodeArgs: ['--import', join(import.meta.dirname, '../support/clock-shift.ts')],
    }))
    finds(
      'relay_none',
      () => {
        writeFileSync(house.turn.secretFile, '')
        return {}
      },
      () => writeFileSync(house.turn.secretFile, secret),
    )
    finds(
      'relay_secret',
      () => {
        writeFileSync(house.turn.secretFile, `${'w'.repeat(43)}\n`)
        return {}
      },
      () => writeFileSync(house.turn.secretFile, secret),
    )
    finds(
      'udp_blocked',
      async () => {
        await lab.homes.camera.change({ udp: 'blocked' })
        return {}
      },
      () => lab.homes.camera.change({ udp: 'open' }),
    )
    finds('not_found', () => ({ source: '/no/such/video.mp4' }))
    finds('unreachable', () => ({ source: 'rtsp://127.0.0.1:9/stream' }))
    finds('not_video', () => ({ source: program }))
    finds('relay_unreachable', async () => {
      await house.turn.process.stop()
      return {}
    })
  })
})
