import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { buildViewer, viewerFolder } from '../../start/src/viewer-build.ts'
import { isServing, startAgent, type TestAgent } from '../support/agent.ts'
import { pair, signUp, testId, untilState, watch } from '../support/app.ts'
import { type Chromium, launchChromium } from '../support/browsers.ts'
import { createLan } from '../support/lan.ts'
import type { Network } from '../support/namespaces.ts'
import { createPrivateCa, type PrivateCa, trustInChromium } from '../support/private-ca.ts'
import { type Started, start, stopAll } from '../support/processes.ts'
import { runSignaling, type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'

const HOSTS = { server: '192.168.1.20', camera: '192.168.1.30', phone: '192.168.1.40' }
const NAME = 'watch.home.arpa'

describe('beyond this machine', function () {
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
    lan = createLan(HOSTS, { [NAME]: HOSTS.server })
    folder = tempFolder('ca')
    home = tempFolder('home')
    ca = createPrivateCa(folder)
    trustInChromium(ca, home)
  })
  afterEach(async () => {
    await chromium?.close()
    await agent?.dispose()
    await signaling?.close()
    await stopAll()
    chromium = agent = signaling = undefined
  })
  after(() => {
    lan?.close()
    removeTemp(folder)
    removeTemp(home)
  })

  const openPhone = async (): Promise<Page> => {
    chromium = await launchChromium({ namespace: lan.nameOf('phone'), home })
    return chromium.context.pages()[0] ?? (await chromium.context.newPage())
  }
  const startCamera = (server: string, env: Record<string, string>): TestAgent => {
    agent = startAgent({ server, prefix: lan.prefix('camera'), env })
    return agent
  }

  async function pairAndWatch(page: Page, server: SignalingProcess): Promise<void> {
    await signUp(page, server.origin, { token: server.setupToken, name: 'ada' })
    const camera = startCamera(server.origin, { NODE_EXTRA_CA_CERTS: ca.ca })
    await pair(page, await camera.code(), 'Door')
    await camera.report(isServing)
    await page.getByRole('button', { name: 'Watch' }).click()
    await untilState(page, 'live')
  }

  it('pairs and watches over https with a private CA, reloads and watches again', async () => {
    const port = Number(ca.args[ca.args.indexOf('--port') + 1])
    const prefix = lan.prefix('server')
    signaling = await spawnTestSignaling({ port, viewer: viewerFolder, prefix, args: ca.args })
    assert.equal(signaling.origin, `https://${NAME}:8443`)
    const page = await openPhone()
    await pairAndWatch(page, signaling)
    await page.reload()
    await page.getByRole('heading', { name: 'Cameras' }).waitFor()
    await watch(page, 'Door')
    await untilState(page, 'live')
    assert.equal(await testId(page, 'path').innerText(), 'Direct connection, encrypted end to end')
  })

  it('neither browser nor camera agent connects where the CA is not trusted', async () => {
    const port = Number(ca.args[ca.args.indexOf('--port') + 1])
    const prefix = lan.prefix('server')
    signaling = await spawnTestSignaling({ port, viewer: viewerFolder, prefix, args: ca.args })
    chromium = await launchChromium({ namespace: lan.nameOf('phone'), home: folder })
    const page = await chromium.context.newPage()
    await assert.rejects(page.goto(signaling.origin), /ERR_CERT_AUTHORITY_INVALID/)
    const report = await startCamera(signaling.origin, {}).report(each => each.event === 'offline')
    assert.match('note' in report ? (report.note ?? '') : '', /NODE_EXTRA_CA_CERTS/)
  })

  it('refuses a LAN address without TLS, and says why', async () => {
    const data = tempFolder('refused')
    const args = ['--host', HOSTS.server, '--port', '8480', '--data', data]
    const { exited, output } = runSignaling(args, { prefix: lan.prefix('server') })
    assert.equal((await exited).code, 2)
    assert.match(output(), /refusing to listen on 192\.168\.1\.20 without TLS/)
    assert.match(output(), /keep keys and open cameras only for secure pages/)
    for (const way of ['--behind-proxy', 'overlay VPN', 'private CA']) assert.ok(output().includes(way), way)
    removeTemp(data)
  })

  it('pairs and watches behind a proxy that ends TLS, with a cookie for https alone', async () => {
    const prefix = lan.prefix('server')
    const origin = `https://${NAME}`
    const args = ['--behind-proxy', origin]
    signaling = await spawnTestSignaling({ viewer: viewerFolder, prefix, args })
    assert.equal(signaling.origin, origin)
    await startProxy(prefix, signaling.port)
    const page = await openPhone()
    await pairAndWatch(page, signaling)
    const [cookie] = await page.context().cookies()
    assert.match(cookie?.name ?? '', /^__Host-/)
    assert.ok(cookie?.secure && cookie.httpOnly)
  })

  async function startProxy(prefix: string[], target: number): Promise<Started> {
    const program = join(import.meta.dirname, '..', 'support', 'tls-proxy.ts')
    const [command = '', ...args] = [...prefix, process.execPath, program, ca.cert, ca.key, String(target)]
    const proxy = start(command, args)
    await proxy.waitForLine(/^listening$/)
    return proxy
  }
})
