import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer, type CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import { launchChromium, launchFirefox } from '../../support/browsers.ts'
import { until } from '../../support/wait.ts'

type Page = {
  goto(url: string): Promise<unknown>
  evaluate<A, R>(work: (argument: A) => R | Promise<R>, argument: A): Promise<Awaited<R>>
}
type Held = { pc: RTCPeerConnection; channel: RTCDataChannel; heard: string[] }
declare global {
  var held: Held
}

/** In the page: a viewer as ours is, with a certificate of the wanted kind. */
async function offerInPage(algorithm: 'ec' | 'rsa'): Promise<string> {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  const kind = algorithm === 'rsa' ? rsa : { name: 'ECDSA', namedCurve: 'P-256' }
  const certificate = await RTCPeerConnection.generateCertificate(kind)
  const pc = new RTCPeerConnection({ iceServers: [], certificates: [certificate] })
  pc.addTransceiver('video', { direction: 'recvonly' })
  const channel = pc.createDataChannel('os1', { negotiated: true, id: 0 })
  globalThis.held = { pc, channel, heard: [] }
  channel.onmessage = event => globalThis.held.heard.push(String(event.data))
  await pc.setLocalDescription()
  await new Promise<void>(resolve => {
    if (pc.iceGatheringState === 'complete') resolve()
    setTimeout(resolve, 1000)
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve()
  })
  return pc.localDescription?.sdp ?? ''
}

async function connectInPage(answer: string): Promise<void> {
  const { pc, channel } = globalThis.held
  const open = new Promise<void>(resolve => {
    channel.onopen = () => resolve()
  })
  await pc.setRemoteDescription({ type: 'answer', sdp: answer })
  await open
  channel.send('from the browser')
}

async function receivedInPage(): Promise<{ heard: string[]; packets: number }> {
  let packets = 0
  for (const report of (await globalThis.held.pc.getStats()).values())
    if (report.type === 'inbound-rtp') packets += report.packetsReceived
  return { heard: globalThis.held.heard, packets }
}

describe('honest browsers pass the guard', function () {
  this.timeout(60_000)
  let blank: Server
  let url = ''
  let peer: CameraPeer | undefined
  before(async () => {
    installGuard()
    blank = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<title>blank</title>')
    })
    await new Promise<void>(resolve => blank.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`
  })
  after(() => blank.close())
  afterEach(() => peer?.close())

  async function passes(page: Page, algorithm: 'ec' | 'rsa'): Promise<void> {
    await page.goto(url)
    const lint = lintSdp(await page.evaluate(offerInPage, algorithm), { kind: 'offer' })
    assert.ok(lint.ok)
    peer = await acceptOffer(lint.sdp, { signal: AbortSignal.timeout(30_000) })
    const camera = peer
    const heard: string[] = []
    camera.onMessage(text => heard.push(text))
    await page.evaluate(connectInPage, camera.answer)
    await camera.open
    assert.ok(camera.video)
    camera.send('from the camera')
    for (let i = 0; i < 10; i++)
      camera.sendVideo({ payloads: [Buffer.alloc(100, 0x41)], timestamp: i * 3000 })
    const nothing = undefined as never
    await until(() => heard.includes('from the browser'), { timeout: 5000, what: 'its message' })
    await until(
      async () => {
        const received = await page.evaluate(receivedInPage, nothing)
        return received.heard.includes('from the camera') && received.packets >= 10
      },
      { timeout: 10_000, what: 'message and packets in the page' },
    )
  }

  for (const [name, algorithm] of [
    ['ECDSA', 'ec'],
    ['RSA-2048', 'rsa'],
  ] as const)
    it(`Chromium with an ${name} certificate`, async () => {
      const chromium = await launchChromium()
      try {
        await passes((await chromium.context.newPage()) as Page, algorithm)
      } finally {
        await chromium.close()
      }
    })

  it('Firefox ESR', async () => {
    const firefox = await launchFirefox()
    try {
      await passes((await firefox.browser.newPage()) as Page, 'ec')
    } finally {
      await firefox.close()
    }
  })
})
