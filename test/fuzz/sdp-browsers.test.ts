import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Lint, lintSdp } from '@ownsight/protocol/sdp-lint'
import fc from 'fast-check'
import { launchChromium, launchFirefox } from '../support/browsers.ts'
import { mutatedSdp } from '../support/mutated-sdp.ts'
import { recorded } from '../support/recorded-sdp.ts'

type Accepted = Extract<Lint, { ok: true }>
type Page = { evaluate<T>(code: (answers: string[]) => Promise<T>, answers: string[]): Promise<T> }

/** The same ones in every short run, new ones in a long one; FUZZ_SEED repeats one. */
const seed = Number(process.env.FUZZ_SEED ?? (process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1))
const runs = process.env.OWNSIGHT_LONG ? 5000 : 500

/** What each browser makes of each answer: the description it then holds, or nothing. Runs in the page. */
async function applied(answers: string[]): Promise<(string | undefined)[]> {
  const results: (string | undefined)[] = []
  for (const sdp of answers) {
    const pc = new RTCPeerConnection()
    pc.createDataChannel('os1', { negotiated: true, id: 0 })
    pc.addTransceiver('video', { direction: 'recvonly' })
    await pc.setLocalDescription()
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp })
      results.push(pc.currentRemoteDescription?.sdp)
    } catch {
      results.push(undefined)
    }
    pc.close()
  }
  return results
}

/**
 * A browser writes anew what it has understood: the fingerprints, ufrags and mids in it must be those that the lint
 * has seen. Refusing what the lint accepts is agreement too.
 */
function agrees(lint: Accepted, understood: string): void {
  const values = (name: string): string[] => [
    ...new Set(
      [...understood.matchAll(new RegExp(`^a=${name}:(.*?)\\r?$`, 'gm'))].map(match => match[1] ?? ''),
    ),
  ]
  const fingerprints = values('fingerprint').map(each => each.toUpperCase())
  assert.deepEqual(fingerprints, [`SHA-256 ${lint.fingerprint}`])
  assert.deepEqual(values('ice-ufrag'), [lint.ufrag])
  assert.deepEqual(values('mid'), lint.mids)
  assert.deepEqual(values('setup'), ['passive'])
}

describe('fuzz: what the lint accepts, browsers read the same', function () {
  this.timeout(120_000)
  let blank: Server
  let url = ''
  before(async () => {
    blank = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>x</title>'),
    )
    await new Promise<void>(resolve => blank.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`
  })
  after(() => {
    blank.closeAllConnections()
    blank.close()
  })

  async function compare(name: string, page: Page): Promise<void> {
    const answer = recorded.find(each => each.name === `agent-answer-to-${name}`)
    assert.ok(answer)
    const lints = [answer.sdp, ...fc.sample(mutatedSdp(answer.sdp), { numRuns: runs, seed })]
      .map(sdp => lintSdp(sdp, { kind: 'answer' }))
      .filter(lint => lint.ok)
    const results = await page.evaluate(
      applied,
      lints.map(lint => lint.sdp),
    )
    assert.ok(results[0], 'the recorded answer is applied')
    assert.ok(results.filter(Boolean).length > runs / 20, 'enough of them are applied')
    for (const [i, lint] of lints.entries()) {
      const understood = results[i]
      if (understood) agrees(lint, understood)
    }
  }

  it(`Chromium, seed ${seed}`, async () => {
    const chromium = await launchChromium()
    try {
      const page = await chromium.context.newPage()
      await page.goto(url)
      await compare('chromium', page)
    } finally {
      await chromium.close()
    }
  })

  it(`Firefox, seed ${seed}`, async () => {
    const firefox = await launchFirefox()
    try {
      const page = await firefox.browser.newPage()
      await page.goto(url)
      await compare('firefox', page)
    } finally {
      await firefox.close()
    }
  })
})
