import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { acceptOffer } from '@ownsight/camera-agent/rtc/peer'
import { lintSdp } from '@ownsight/protocol/sdp-lint'
import { launchChromium, launchFirefox } from './browsers.ts'

/**
 * Records into test/fixtures/sdp what browsers and the agent really write: `node test/support/record-sdp.ts`, again
 * for each new browser version. The machine needs a network address besides loopback. WebKit is missing: Debian 12 has
 * no WebKitGTK with WebRTC.
 */
const root = join(import.meta.dirname, '../..')
const simplePeer = { path: join(root, 'node_modules/simple-peer/simplepeer.min.js') }

/** What Playwright's and Puppeteer's pages have in common. */
type Page = {
  evaluate<T>(code: () => Promise<T>): Promise<T>
  addScriptTag(script: { path: string }): Promise<unknown>
}

/** A viewer's offer, made with the browser's own interface. Runs in the page. */
async function nativeOffer(): Promise<string> {
  const pc = new RTCPeerConnection()
  pc.createDataChannel('os1', { negotiated: true, id: 0 })
  pc.addTransceiver('video', { direction: 'recvonly' })
  pc.addTransceiver('audio', { direction: 'recvonly' })
  await pc.setLocalDescription()
  await new Promise<void>(resolve => {
    const look = () => pc.iceGatheringState === 'complete' && resolve()
    pc.onicegatheringstatechange = look
    look()
  })
  const sdp = pc.localDescription?.sdp ?? ''
  pc.close()
  return sdp
}

/** With camera permission a browser shows its addresses. Runs in the page. */
async function openCamera(): Promise<void> {
  await navigator.mediaDevices.getUserMedia({ video: true, audio: true })
}

type SimplePeer = new (
  options: object,
) => {
  addTransceiver(kind: 'video' | 'audio', init: object): void
  on(event: 'signal', handler: (signal: { sdp?: string }) => void): void
  destroy(): void
}

/** The viewer's offer as the viewer makes it, through simple-peer. Runs in the page. */
async function simplePeerOffer(): Promise<string> {
  const { SimplePeer } = globalThis as unknown as { SimplePeer: SimplePeer }
  const peer = new SimplePeer({
    initiator: true,
    trickle: false,
    iceCompleteTimeout: 1000,
    config: { iceServers: [] },
    channelName: 'os1',
    channelConfig: { negotiated: true, id: 0 },
  })
  peer.addTransceiver('video', { direction: 'recvonly' })
  peer.addTransceiver('audio', { direction: 'recvonly' })
  const sdp = await new Promise<string>(resolve => peer.on('signal', signal => resolve(signal.sdp ?? '')))
  peer.destroy()
  return sdp
}

/** Returns what simple-peer offered. */
async function recordHidden(name: string, page: Page): Promise<string> {
  save(`${name}-offer`, await page.evaluate(nativeOffer))
  await page.addScriptTag(simplePeer)
  return save(`${name}-simple-peer-offer`, await page.evaluate(simplePeerOffer))
}

async function recordCamera(name: string, page: Page): Promise<void> {
  await page.evaluate(openCamera)
  save(`${name}-camera-offer`, await page.evaluate(nativeOffer))
}

async function withChromium<T>(args: string[], use: (page: Page) => Promise<T>): Promise<T> {
  const chromium = await launchChromium({ args })
  const page = await chromium.context.newPage()
  await page.goto(url)
  const result = await use(page)
  await chromium.close()
  return result
}

async function withFirefox<T>(prefs: Record<string, unknown>, use: (page: Page) => Promise<T>): Promise<T> {
  const firefox = await launchFirefox({ prefs })
  const page = await firefox.browser.newPage()
  await page.goto(url)
  const result = await use(page)
  await firefox.close()
  return result
}

/** The agent's answer, through its own door: the offer is linted first. */
async function recordAnswer(name: string, offer: string): Promise<void> {
  const lint = lintSdp(offer, { kind: 'offer' })
  if (!lint.ok) throw new Error(`${name}: ${lint.field}: ${lint.note}`)
  const peer = await acceptOffer(lint.sdp, { signal: AbortSignal.timeout(10_000) })
  save(name, peer.answer)
  await peer.close()
}

function save(name: string, sdp: string): string {
  writeFileSync(join(root, 'test/fixtures/sdp', `${name}.sdp`), sdp)
  process.stdout.write(`${name}: ${sdp.length} bytes\n`)
  return sdp
}

const blank = createServer((_, response) => {
  response.setHeader('content-type', 'text/html').end('<title>blank</title>')
})
await new Promise<void>(resolve => blank.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`
installGuard()

const fakeCamera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
const chromiumOffer = await withChromium([], page => recordHidden('chromium', page))
await withChromium(fakeCamera, page => recordCamera('chromium', page))
await recordAnswer('agent-answer-to-chromium', chromiumOffer)

// Firefox's fake camera does not make it show its addresses, as a real one does.
const fakeStreams = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
}
const firefoxOffer = await withFirefox({}, page => recordHidden('firefox', page))
await withFirefox(fakeStreams, page => recordCamera('firefox', page))
await recordAnswer('agent-answer-to-firefox', firefoxOffer)

blank.closeAllConnections()
blank.close()
