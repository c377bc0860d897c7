import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { answerDoctor, askAgent } from '@ownsight/camera-agent/doctor/agent-socket'
import { mappedIn } from '@ownsight/camera-agent/doctor/mapping'
import { relayFinding } from '@ownsight/camera-agent/doctor/relay-check'
import { checkServer } from '@ownsight/camera-agent/doctor/server-check'
import { parseRelayUrl } from '@ownsight/protocol/relay-grant'
import { createPrivateCa } from '../../support/private-ca.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'

describe('the doctor: the server', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })
  async function listen(made: Server, scheme = 'http'): Promise<string> {
    server = made
    await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
    return `${scheme}://127.0.0.1:${(made.address() as AddressInfo).port}`
  }
  const codes = async (origin: string): Promise<string[]> =>
    (await checkServer(origin)).map(({ code }) => code)
  const answering = (headers: Record<string, string>, body = '{"setup":false}') =>
    createHttp((_, response) => response.writeHead(200, headers).end(body))

  it('is well', async () => {
    assert.deepEqual(await codes(await listen(answering({}))), ['ok', 'ok'])
  })

  it('nothing listens there', async () => {
    const origin = await listen(answering({}))
    await new Promise(resolve => server?.close(resolve))
    assert.deepEqual(await codes(origin), ['server_refused'])
  })

  it('its name is not known', async () => {
    assert.deepEqual(await codes('https://no-such-name.invalid'), ['server_name'])
  })

  it('something else answers', async () => {
    assert.deepEqual(await codes(await listen(answering({}, '<html>'))), ['not_ownsight'])
  })

  it('the clocks differ', async () => {
    const headers = { date: new Date(Date.now() - 5 * 3_600_000).toUTCString() }
    const [, clock] = await checkServer(await listen(answering(headers)))
    assert.equal(clock?.code, 'clock')
    assert.match(clock?.sentence ?? '', /5 hours ahead of the server/)
  })

  it('its certificate is of an authority that is not known', async () => {
    const folder = tempFolder('ca')
    const ca = createPrivateCa(folder)
    const options = { cert: readFileSync(ca.cert), key: readFileSync(ca.key) }
    try {
      const origin = await listen(
        createTls(options, (_, response) => response.end('{}')) as unknown as Server,
        'https',
      )
      assert.deepEqual(await codes(origin), ['certificate_authority'])
    } finally {
      removeTemp(folder)
    }
  })
})

describe('the doctor: the relay', () => {
  const [udp, tcp, tls] = [
    'turn:relay.example:3478',
    'turn:relay.example:3478?transport=tcp',
    'turns:relay.example:443',
  ].map(parseRelayUrl) as [
    ReturnType<typeof parseRelayUrl>,
    ReturnType<typeof parseRelayUrl>,
    ReturnType<typeof parseRelayUrl>,
  ]
  const rows: [string, Parameters<typeof relayFinding>[0]][] = [
    [
      'ok',
      [
        { url: udp, code: 'ok' },
        { url: tls, code: 'certificate' },
      ],
    ],
    [
      'udp_blocked',
      [
        { url: udp, code: 'silent' },
        { url: tcp, code: 'ok' },
      ],
    ],
    [
      'relay_secret',
      [
        { url: udp, code: 'refused' },
        { url: tcp, code: 'refused' },
      ],
    ],
    [
      'relay_quota',
      [
        { url: udp, code: 'quota' },
        { url: tls, code: 'silent' },
      ],
    ],
    [
      'relay_certificate',
      [
        { url: udp, code: 'silent' },
        { url: tls, code: 'certificate' },
      ],
    ],
    [
      'relay_unreachable',
      [
        { url: udp, code: 'silent' },
        { url: tcp, code: 'silent' },
      ],
    ],
  ]
  for (const [code, outcomes] of rows)
    it(code, () => {
      const finding = relayFinding(outcomes, false)
      assert.equal(finding.code, code)
      assert.match(finding.sentence, /^[A-Z].*\.$/)
    })
})

it('the doctor: a relay that answers STUN and no allocation does not believe the secret', () => {
  const url = parseRelayUrl('turn:relay.example:3478')
  assert.equal(relayFinding([{ url, code: 'silent' }], true).code, 'relay_secret')
})

describe('the doctor: what a STUN server saw', () => {
  const id = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex')

  it('reads the published vectors (RFC 5769 §2.2, §2.3)', () => {
    const v4 = Buffer.from(
      `0101003c2112a442${id.toString('hex')}8022000b7465737420766563746f7220002000080001a147e112a643`,
      'hex',
    )
    assert.equal(mappedIn(v4, id), '192.0.2.1 32853')
    const v6 = Buffer.from(
      `010100482112a442${id.toString('hex')}8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`,
      'hex',
    )
    assert.equal(mappedIn(v6, id), '2001:db8:1234:5678:11:2233:4455:6677 32853')
  })

  it('takes nothing from what is cut short', () => {
    const whole = Buffer.from(`0101000c2112a442${id.toString('hex')}002000080001a147e112a643`, 'hex')
    for (let length = 20; length < whole.length; length++)
      assert.equal(mappedIn(whole.subarray(0, length), id), undefined)
  })
})

describe('the doctor: a running agent', () => {
  let folder = ''
  beforeEach(() => {
    folder = tempFolder('doctor')
  })
  afterEach(() => removeTemp(folder))

  it('is asked over its own socket, and nobody answers once it is gone', async () => {
    const state = { cameras: [{ name: 'Door', paired: true, online: false, note: 'no server' }] }
    assert.equal(await askAgent(folder), undefined)
    const answering = answerDoctor(folder, async () => state)
    assert.deepEqual(await askAgent(folder), state)
    answering.close()
    assert.equal(await askAgent(folder), undefined)
  })
})
