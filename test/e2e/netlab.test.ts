import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { classifyNat, kindOf, mappedAddress } from '../netlab/classify.ts'
import type { Home } from '../netlab/home.ts'
import { createLab, type Lab } from '../netlab/lab.ts'
import { startTurn, type Turn } from '../netlab/turn.ts'
import { LINE_ROWS, lineLab, verifyLine, verifyNats } from '../netlab/verify.ts'
import { listNamespaces } from '../support/namespaces.ts'
import { isAlive, type Started, start, stopAll } from '../support/processes.ts'
import { until } from '../support/wait.ts'

const ours = (): string[] => listNamespaces().filter(name => name.startsWith(`ownsight-${process.pid}-`))

/** The machine's own network devices. */
const devices = (): string => execFileSync('ip', ['-o', 'link', 'show'], { encoding: 'utf8' })

/** Whether a TCP connection to the server comes about. */
function reaches(home: Home, address: string, port: number): boolean {
  const [command = '', ...before] = home.prefix
  const line = `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`
  return spawnSync(command, [...before, 'bash', '-c', line]).status === 0
}

const PORT = 3700

/** Prints where each datagram comes from. With a third and fourth argument, sends one there first. */
const LISTEN = `
const [address, port, to, toPort] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (_, from) => console.log(from.address, from.port))
socket.bind(Number(port), address, () => {
  if (to) socket.send('out', Number(toPort), to)
  console.log('listening')
})`
const SAY = `
const [address, port, to, toPort] = process.argv.slice(1)
const socket = require('node:dgram').createSocket('udp4')
socket.bind(Number(port), address, () => socket.send('hello', Number(toPort), to, () => socket.close()))`

const at = (
  { prefix: [command = '', ...before] }: { prefix: string[] },
  script: string,
  ...args: string[]
): [string, string[]] => [command, [...before, process.execPath, '-e', script, ...args]]

async function listen(lab: Lab): Promise<Started> {
  const heard = start(...at(lab.server, LISTEN, lab.server.ipv4[0], String(PORT)))
  await heard.waitForLine(/listening/)
  return heard
}

const say = (
  whom: { prefix: string[] },
  { from, port, to }: { from: string; port: number; to: [string, number] },
): void => void execFileSync(...at(whom, SAY, from, String(port), to[0], String(to[1])))

describe('netlab: a lab', function () {
  this.timeout(120_000)
  let lab: Lab<'camera' | 'viewer'>
  let turn: Turn
  let devicesBefore = ''

  before(async () => {
    devicesBefore = devices()
    lab = await createLab({
      homes: { camera: { nat: 'open', family: 'dual' }, viewer: { nat: 'symmetric', family: 'dual' } },
    })
    turn = await startTurn(lab)
  })
  after(async () => {
    await turn?.stop()
    await lab?.close()
    await stopAll()
  })

  it('has no device in the machine’s own network', () => {
    assert.equal(devices(), devicesBefore)
  })

  it('has a NAT that is what it is called, and lets nothing new in over IPv6', async () => {
    const { viewer } = lab.homes
    const report = await classifyNat(lab, viewer)
    assert.equal(kindOf(report, viewer.addresses()), 'symmetric')
    const ipv6 = await classifyNat(lab, viewer, { family: 'ipv6' })
    assert.ok(ipv6.mapped && viewer.addresses().includes(ipv6.mapped.address))
    assert.equal(ipv6.filtering, 'address-and-port-dependent')
  })

  it('a home moves: host and box have new addresses, and what was open is closed', async () => {
    const { viewer } = lab.homes
    const old = { own: viewer.addresses(), mapped: await mappedAddress(lab, viewer) }
    await viewer.moveAddress()
    const mapped = await mappedAddress(lab, viewer)
    assert.equal(viewer.addresses().length, 2)
    assert.ok(!viewer.addresses().some(address => old.own.includes(address)))
    assert.ok(mapped && old.mapped && mapped.address !== old.mapped.address)
    await viewer.moveAddress({ only: 'box' })
    assert.notEqual((await mappedAddress(lab, viewer))?.address, mapped.address)
  })

  it('a box becomes another kind', async () => {
    const { viewer } = lab.homes
    await viewer.change({ nat: 'address-restricted' })
    assert.equal(kindOf(await classifyNat(lab, viewer), viewer.addresses()), 'address-restricted')
    await assert.rejects(viewer.change({ nat: 'open' }), /cannot become open/)
    await viewer.change({ nat: 'symmetric' })
  })

  it('a black hole swallows all, and ends', async () => {
    const { viewer } = lab.homes
    await viewer.line.blackHole(true)
    assert.equal(await mappedAddress(lab, viewer), null)
    assert.ok((await viewer.line.statistics()).up.dropped.hole > 0)
    await viewer.line.blackHole(false)
    assert.ok(await mappedAddress(lab, viewer))
  })

  it('UDP, and all but port 443, can be blocked', async () => {
    const { viewer } = lab.homes
    const [address] = lab.server.ipv4
    await viewer.change({ udp: 'blocked' })
    assert.equal(await mappedAddress(lab, viewer), null)
    assert.ok(reaches(viewer, address, turn.port))
    await viewer.change({ tcp: '443' })
    assert.ok(!reaches(viewer, address, turn.port))
    await viewer.change({ udp: 'open', tcp: 'open' })
    assert.ok(await mappedAddress(lab, viewer))
  })

  it('an address that is nobody’s in public does not cross the internet', async () => {
    const { camera } = lab.homes
    const [own = ''] = camera.addresses()
    camera.run('ip', 'addr', 'add', '10.99.0.1/32', 'dev', 'lo')
    const heard = await listen(lab)
    for (const from of ['10.99.0.1', own]) say(camera, { from, port: 0, to: [lab.server.ipv4[0], PORT] })
    await heard.waitForLine(new RegExp(`^${own} `))
    assert.doesNotMatch(heard.stdout(), /10\.99\.0\.1/)
    const [address] = lab.server.ipv4
    assert.equal(camera.sent().find(each => each.protocol === 'udp' && each.address === address)?.packets, 2)
    await heard.stop()
  })

  it('a stranger’s early packet does not take the port away from the host', async () => {
    const { viewer } = lab.homes
    await viewer.change({ nat: 'port-restricted' })
    const { address = '' } = (await mappedAddress(lab, viewer)) ?? {}
    say(lab.server, { from: lab.server.ipv4[0], port: PORT, to: [address, 4444] })
    const heard = await listen(lab)
    say(viewer, { from: viewer.addresses()[0]!, port: 4444, to: [lab.server.ipv4[0], PORT] })
    const [, port] = await heard.waitForLine(new RegExp(`^${address} (\\d+)`))
    assert.equal(port, '4444')
    await heard.stop()
  })

  it('a box that forgets is closed to whom it let in', async () => {
    const { viewer } = lab.homes
    await viewer.change({ nat: 'full-cone' })
    const { address = '' } = (await mappedAddress(lab, viewer)) ?? {}
    const heard = start(...at(viewer, LISTEN, '0.0.0.0', '5555', lab.server.ipv4[1], '9'))
    await heard.waitForLine(/listening/)
    const knock = () => say(lab.server, { from: lab.server.ipv4[0], port: PORT, to: [address, 5555] })
    const knocks = () =>
      heard
        .stdout()
        .split('\n')
        .filter(line => line.startsWith(lab.server.ipv4[0])).length
    knock()
    await until(() => knocks() === 1, { timeout: 10_000, what: 'a packet through the full cone' })
    await viewer.rebind()
    knock()
    // What was let in by then would come before this: the host opens another port of its own accord.
    await mappedAddress(lab, viewer)
    assert.equal(knocks(), 1)
    await heard.stop()
  })

  it('refuses a setting that is none, and a wire goes on as it was', async () => {
    await assert.rejects(lab.homes.viewer.line.set({ loss: 2 }), /loss of a link is a share/)
    assert.ok(await mappedAddress(lab, lab.homes.viewer))
  })
})

describe('netlab: it is what it says', function () {
  this.timeout(120_000)
  after(stopAll)

  it('each kind of NAT, asked by STUN from behind it', async () => {
    for (const verdict of await verifyNats()) assert.equal(verdict.found, verdict.wanted, verdict.name)
  })

  for (const row of LINE_ROWS.filter(({ name }) => /^delay 50 ms$|bursts|1 Mbit/.test(name)))
    it(`a line with ${row.name}`, async () => {
      const lab = await lineLab()
      try {
        for (const { ok, name, found, wanted } of await verifyLine(lab, row))
          assert.ok(ok, `${name}: ${found}, not ${wanted}`)
      } finally {
        await lab.close()
      }
    })
})

describe('netlab: families of addresses', function () {
  this.timeout(120_000)
  let lab: Lab<'four' | 'six'>
  before(async () => {
    lab = await createLab({ homes: { four: { family: 'ipv4' }, six: { family: 'ipv6', nat: 'open' } } })
  })
  after(async () => {
    await lab?.close()
    await stopAll()
  })

  for (const [name, has, lacks] of [
    ['four', 'ipv4', 'ipv6'],
    ['six', 'ipv6', 'ipv4'],
  ] as const)
    it(`a home with ${has} alone`, async () => {
      const home = lab.homes[name]
      assert.equal(home.addresses().length, 1)
      assert.ok(await mappedAddress(lab, home, { family: has }))
      assert.equal(await mappedAddress(lab, home, { family: lacks }), null)
      await home.moveAddress()
      assert.ok(await mappedAddress(lab, home, { family: has }))
    })
})

describe('netlab: its end', function () {
  this.timeout(60_000)
  after(stopAll)

  it('leaves no namespace and no process', async () => {
    const lab = await createLab({ homes: { home: {} } })
    assert.equal(ours().length, 4)
    await lab.close()
    assert.deepEqual(ours(), [])
    assert.ok(!isAlive(lab.cablePid))
  })

  it('a lab that cannot be made leaves none either', async () => {
    await assert.rejects(createLab({ homes: { home: { link: { loss: 7 } } } }), /loss of a link/)
    assert.deepEqual(ours(), [])
  })

  it('the cable ends with whom it serves', async () => {
    const lab = await createLab({ homes: { home: {} } })
    process.kill(lab.cablePid, 'SIGKILL')
    await until(() => !isAlive(lab.cablePid), { timeout: 10_000, what: 'the end of the cable' })
    await assert.rejects(lab.homes.home.line.set({ loss: 0.1 }), /the cable has ended/)
    await lab.close()
    assert.deepEqual(ours(), [])
  })
})
