import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { liveState, pair, signUp, untilState } from '../support/app.ts'
import { type Chromium, launchChromium } from '../support/browsers.ts'
import { createLan } from '../support/lan.ts'
import type { Network, Sent } from '../support/namespaces.ts'
import { createPrivateCa, type PrivateCa, trustInChromium } from '../support/private-ca.ts'
import { type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

/** the name server of each host */
const ROUTER = '192.168.1.1'
const SERVER = '192.168.1.20'
const CAMERA = '192.168.1.30'
const PHONE = '192.168.1.40'
/** Reserved for documentation (RFC 5737): a STUN server that no configuration names. */
const FOREIGN = '203.0.113.9'

type Host = 'server' | 'camera' | 'phone'
const HOSTS: Record<Host, string> = { server: SERVER, camera: CAMERA, phone: PHONE }

/** All that each host may send: protocol and destination. ARP is no IP packet and is not counted. */
const ALLOWED: Record<Host, Record<string, string>> = {
  server: {
    [`tcp ${CAMERA}`]: 'replies on the connection the agent opened',
    [`tcp ${PHONE}`]: 'replies on the connections the browser opened',
  },
  camera: {
    [`tcp ${SERVER}`]: 'the server of its configuration',
    [`udp ${PHONE}`]: 'ICE, DTLS and media to its viewer',
  },
  phone: {
    [`tcp ${SERVER}`]: 'the page and signaling',
    [`udp ${CAMERA}`]: 'ICE, DTLS and media to the camera',
    'udp 224.0.0.251': "the browser's mDNS for the .local names of its candidates (RFC 8828)",
    'udp ff02::fb': 'the same over IPv6',
    'igmp 224.0.0.22': 'the kernel joins the mDNS group',
  },
}
/** Neighbour discovery, multicast listener reports and router solicitations of the kernel: on the link alone. */
const isKernel = ({ protocol, address }: Sent): boolean =>
  protocol === 'ipv6-icmp' && address.startsWith('ff02::')

/**
 * What Chromium asks for of its own accord: its updates and its own account with any page open, its form filling and
 * its list of leaked passwords on any page with a form. It is told that these names do not exist. Any other name
 * would still be looked up, and the question counted.
 */
const OWN_NAMES = [
  'update.googleapis.com',
  'accounts.google.com',
  'content-autofill.googleapis.com',
  'passwordsleakcheck-pa.googleapis.com',
]
const QUIET = `--host-resolver-rules=${OWN_NAMES.map(name => `MAP ${name} ~NOTFOUND`).join(',')}`

describe('packets', function () {
  this.timeout(120_000)
  let lan: Network
  let folder = ''
  let home = ''
  let ca: PrivateCa
  let signaling: SignalingProcess | undefined
  let agent: TestAgent | undefined
  let chromium: Chromium | undefined

  before(async () => {
    await buildViewer(() => undefined)
    folder = tempFolder('ca')
    home = tempFolder('home')
    ca = createPrivateCa(folder)
    trustInChromium(ca, home)
  })
  beforeEach(() => {
    lan = createLan(HOSTS)
  })
  afterEach(async () => {
    await chromium?.close()
    await agent?.dispose()
    await signaling?.close()
    chromium = agent = signaling = undefined
    lan.close()
  })
  after(() => {
    removeTemp(folder)
    removeTemp(home)
  })

  /** Sign-up, pairing, then LIVE for so many milliseconds. Returns the addresses of every request the page made. */
  async function watchFor(
    ms: number,
    faults: { agent?: [string, string, string]; page?: string } = {},
  ): Promise<string[]> {
    const args = ['--host', SERVER, '--cert', ca.cert, '--key', ca.key]
    const prefix = lan.prefix('server')
    signaling = await spawnTestSignaling({ port: 8443, viewer: viewerFolder, prefix, args })
    const env = { NODE_EXTRA_CA_CERTS: ca.ca, ...withoutEnv(faults.agent) }
    const nodeArgs = faults.agent ? ['--import', join(import.meta.dirname, '../support/without.ts')] : []
    agent = startAgent({ server: signaling.origin, prefix: lan.prefix('camera'), env, nodeArgs })
    chromium = await launchChromium({ namespace: lan.nameOf('phone'), home, args: [QUIET] })
    const page = chromium.context.pages()[0] ?? (await chromium.context.newPage())
    if (faults.page) await page.addInitScript(faults.page)
    const requests: string[] = []
    page.on('request', request => requests.push(request.url()))
    page.on('websocket', socket => requests.push(socket.url()))
    await signUp(page, signaling.origin, { token: signaling.setupToken, name: 'ada' })
    await pair(page, await agent.code(), 'Door')
    await agent.report(isServing)
    await page.getByRole('button', { name: 'Watch' }).click()
    await untilState(page, 'live')
    await sleep(ms)
    assert.equal(await liveState(page), 'live')
    return requests
  }

  const withoutEnv = ([file, text, replacement] = ['', '', '']): Record<string, string> =>
    file ? { WITHOUT_FILE: file, WITHOUT_TEXT: text ?? '', WITHOUT_REPLACEMENT: replacement ?? '' } : {}

  const strays = (host: Host): Sent[] =>
    lan.sent(host).filter(sent => !isKernel(sent) && !(`${sent.protocol} ${sent.address}` in ALLOWED[host]))

  const countOf = (host: Host, address: string): number =>
    lan.sent(host).find(sent => sent.address === address)?.packets ?? 0

  it('sends nothing beyond what the configuration names: sign-up, pairing, ten seconds of LIVE', async () => {
    const requests = await watchFor(10_000)
    for (const host of ['server', 'camera', 'phone'] as const) assert.deepEqual(strays(host), [], host)
    assert.ok(countOf('camera', PHONE) > 100, 'the picture went straight from camera to browser')
    assert.ok(requests.length > 5)
    const elsewhere = requests.filter(url => new URL(url).host !== `${SERVER}:8443`)
    assert.deepEqual(elsewhere, [], 'the page asks its own server only')
  })

  it('the counters see a camera agent that asks a foreign STUN server', async () => {
    const foreign = `({ stunServer: ['${FOREIGN}', 3478] })`
    await watchFor(0, { agent: ['camera-agent/src/serve-online.ts', 'relays?.take() ?? {}', foreign] })
    assert.deepEqual(
      strays('camera').map(sent => `${sent.protocol} ${sent.address}`),
      [`udp ${FOREIGN}`],
    )
  })

  it('the counters see a page that asks foreign STUN servers, by address and by name', async () => {
    const urls = JSON.stringify([`stun:${FOREIGN}:3478`, 'stun:stun.example.net:3478'])
    const page = `{
      const Real = RTCPeerConnection
      window.RTCPeerConnection = class extends Real {
        constructor(config) { super({ ...config, iceServers: [{ urls: ${urls} }] }) }
      }
    }`
    await watchFor(0, { page })
    assert.deepEqual(
      strays('phone')
        .map(sent => `${sent.protocol} ${sent.address}`)
        .sort(),
      [`udp ${ROUTER}`, `udp ${FOREIGN}`],
    )
  })
})
