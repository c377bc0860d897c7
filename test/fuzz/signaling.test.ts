import assert from 'node:assert/strict'
import { HINT_CODES, replies, requests } from '@ownsight/protocol/events'
import { generateKeyPair } from '@ownsight/protocol/ids'
import fc from 'fast-check'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import {
  type ApiClient,
  connect,
  connectAs,
  type Device,
  newDevice,
  rawRequest,
  readMetric,
  signUp,
} from '../support/signaling-client.ts'
import { aBeacon, anOffer, boundCamera } from '../support/signaling-envelopes.ts'

/** FUZZ_RUNS sets the number of runs, FUZZ_SEED repeats one; fast-check prints the seed of a failure. */
const runs = Number(process.env.FUZZ_RUNS ?? (process.env.OWNSIGHT_LONG ? 20_000 : 400))
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }
const settings = { numRuns: runs, ...seed }

type Kind = keyof typeof requests
const KINDS = Object.keys(requests) as Kind[]
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 5 }),
  fc.anything({ maxDepth: 3 }).map(value => (typeof value === 'bigint' ? String(value) : value)),
  fc.uint8Array({ maxLength: 500 }).map(bytes => Buffer.from(bytes)),
)

describe('fuzz: the signaling server', function () {
  this.timeout(Math.max(60_000, runs * 100))
  let server: TestSignaling
  let alice: ApiClient
  before(async () => {
    server = await startTestSignaling()
    alice = await signUp(server.origin, 'alice', { token: server.setupToken })
  })
  after(() => server.close())

  const faults = async (): Promise<number> =>
    readMetric(server, 'signaling_refused_total', { reason: 'fault' })

  describe('socket events', () => {
    let devices: Device[]
    let viewer: Device
    let cam: string
    const honest: { [kind: string]: Record<string, unknown> } = {}
    before(async () => {
      viewer = await connectAs(server.origin, 'viewer', await newDevice(alice))
      const bound = await boundCamera(server.origin, viewer)
      cam = bound.cam.id
      const stranger = await connect(server.origin, 'unpaired')
      devices = [viewer, bound.device, stranger]
      Object.assign(honest, {
        offer: { cam, offer: await anOffer(await generateKeyPair(), cam) },
        beacon: { cam },
        publish: { beacon: await aBeacon(bound.cam) },
        hold: { rid: 'A'.repeat(22) },
      })
    })
    after(() => {
      for (const device of devices) device.close()
    })

    /** The right request with one member replaced, put in or taken away. */
    const nearlyRight = fc
      .tuple(fc.constantFrom('offer', 'beacon', 'publish', 'hold'), fc.nat(5), anything, fc.string())
      .map(([kind, at, value, extra]) => {
        const right = honest[kind] ?? {}
        const name = [...Object.keys(right), extra][at % (Object.keys(right).length + 1)] ?? extra
        return [kind as Kind, { ...right, [name]: value }] as const
      })
    const arbitrary = fc.tuple(fc.constantFrom(...KINDS), anything)

    it('every value on every event is answered with a reply of its kind, or a hint; none is a fault', async () => {
      const say = async ([kind, value]: readonly [Kind, unknown], which: number): Promise<void> => {
        const device = devices[which % devices.length] as Device
        const reply = await device.ask(kind, value)
        const known = 'hint' in reply && (HINT_CODES as readonly unknown[]).includes(reply.hint)
        assert.ok(known || 'ok' in reply || Object.keys(replies).includes(kind), JSON.stringify(reply))
        // Within the rate that one device may keep.
        await new Promise(resolve => setTimeout(resolve, 6))
      }
      const before = await faults()
      await fc.assert(fc.asyncProperty(fc.oneof(arbitrary, nearlyRight), fc.nat(2), say), settings)
      assert.equal(await faults(), before)
      for (const device of devices) assert.ok(device.socket.connected)
    })

    it('any first word of a socket that has proved nothing is turned away, and the next socket is served', async () => {
      const word = fc.tuple(fc.constantFrom(...KINDS, 'auth', 'x'), anything)
      const small = { ...settings, numRuns: Math.ceil(runs / 20) }
      const say = async ([event, value]: readonly [string, unknown]): Promise<void> => {
        const stranger = await connect(server.origin, 'viewer')
        const reply = await Promise.race([stranger.ask(event, value), stranger.disconnected])
        if (typeof reply === 'object') assert.deepEqual(reply, { hint: 'not_signed_in' })
        stranger.close()
      }
      await fc.assert(fc.asyncProperty(word, say), small)
      const next = await connectAs(server.origin, 'viewer', await newDevice(alice))
      next.close()
    })

    it('any greeting is one of ours or refused in one sentence', async () => {
      const fields = fc.dictionary(fc.string(), fc.jsonValue())
      const greeting = fc.oneof(fields, fc.record({ agent: fc.string(), versions: fc.jsonValue() }))
      const small = { ...settings, numRuns: Math.ceil(runs / 20) }
      const greet = async (hello: unknown): Promise<void> =>
        assert.rejects(connect(server.origin, 'viewer', { hello }), /version/)
      await fc.assert(fc.asyncProperty(greeting, greet), small)
    })
  })

  describe('http', () => {
    const paths = [
      'state',
      'sign-up',
      'sign-in',
      'sign-out',
      'password',
      'devices',
      'invitations',
      'cameras',
      'roster',
      'join',
    ]
    const path = fc.oneof(
      fc.constantFrom(...paths).map(name => `/api/${name}`),
      fc
        .constantFrom(...paths, 'guest-invitations', '')
        .chain(name => fc.webPath().map(rest => `/api/${name}${rest}`)),
      fc.webUrl({ withQueryParameters: true }).map(url => new URL(url).pathname + new URL(url).search),
    )
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.jsonValue().map(value => JSON.stringify({ name: 'alice', password: value })),
      fc
        .dictionary(
          fc.constantFrom('name', 'password', 'token', 'old', 'new', 'cam', 'auth', '__proto__'),
          fc.jsonValue(),
        )
        .map(each => JSON.stringify(each)),
    )
    const type = fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data',
      '',
    )

    it('every request is answered below 500 but for "busy", in JSON that names the fault', async () => {
      const request = fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
        path,
        body,
        type,
        signedIn: fc.boolean(),
        from: fc.nat(200),
      })
      const ask = async (each: {
        method: string
        path: string
        body: string
        type: string
        signedIn: boolean
        from: number
      }) => {
        const headers = {
          origin: server.origin,
          'sec-fetch-site': 'same-origin',
          ...(each.signedIn ? { cookie: alice.cookie } : {}),
          ...(each.type ? { 'content-type': each.type } : {}),
          'content-length': String(Buffer.byteLength(each.body)),
        }
        const { method, path: to, body: text } = each
        const answer = await rawRequest(server.origin, {
          method,
          path: to,
          headers,
          body: text,
          localAddress: `127.0.30.${each.from + 1}`,
        })
        assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text}`)
        if (answer.status >= 400 && method !== 'HEAD' && to.startsWith('/api/'))
          assert.equal(typeof answer.body.error, 'string')
      }
      await fc.assert(fc.asyncProperty(request, ask), settings)
    })

    it('any header of any name and value at all is survived', async () => {
      const names = [
        'cookie',
        'host',
        'origin',
        'x-forwarded-for',
        'accept',
        'range',
        'if-none-match',
        'upgrade',
        'sec-fetch-site',
        'te',
        'expect',
      ]
      const header = fc.tuple(
        fc.oneof(fc.constantFrom(...names), fc.stringMatching(/^[a-z-]{1,20}$/)),
        fc.stringMatching(/^[\x21-\x7e]{0,200}$/),
      )
      const ask = async (headers: [string, string][]): Promise<void> => {
        const given = Object.fromEntries(
          headers.filter(([name]) => !['content-length', 'transfer-encoding', 'connection'].includes(name)),
        )
        const answer = await rawRequest(server.origin, { path: '/api/state', headers: given }).catch(
          () => undefined,
        )
        assert.ok(!answer || answer.status < 500, String(answer?.status))
      }
      await fc.assert(fc.asyncProperty(fc.array(header, { maxLength: 6 }), ask), settings)
    })

    it('and whoever asks next is served', async () => {
      const answer = await rawRequest(server.origin, { path: '/api/state', localAddress: '127.0.31.1' })
      assert.equal(answer.status, 200)
      assert.equal(answer.body.setup, false)
    })
  })
})
