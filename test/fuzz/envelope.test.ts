import assert from 'node:assert/strict'
import { fromBase64url, toBase64url } from '@ownsight/protocol/bytes'
import { parseToCamera, parseToViewer } from '@ownsight/protocol/channel'
import { claimedTyp, openEnvelope, seal } from '@ownsight/protocol/envelope'
import { FAULT_CODES, ProtocolFault } from '@ownsight/protocol/errors'
import { schemas, type Typ } from '@ownsight/protocol/messages'
import fc from 'fast-check'
import { forge, type Home, headerOf, newHome, samples } from '../unit/protocol/fixtures.ts'

/**
 * Property tests of everything that takes bytes from a stranger. FUZZ_RUNS sets the number of runs, FUZZ_SEED repeats
 * one; fast-check prints the seed of a failure.
 */
const runs = Number(process.env.FUZZ_RUNS ?? 400)
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }
const settings = { numRuns: runs, ...seed }

describe('fuzz: envelope', function () {
  this.timeout(Math.max(20_000, runs * 50))
  let home: Home
  let honest: Map<Typ, string>
  const types = Object.keys(schemas) as Typ[]

  before(async () => {
    home = await newHome()
    const all = samples(home)
    honest = new Map()
    for (const typ of types) honest.set(typ, await seal(typ, all[typ], home.view.sign))
  })

  const audience = (typ: Typ): string => {
    const payload = samples(home)[typ]
    return 'aud' in payload ? payload.aud : home.cam.id
  }
  const open = (typ: Typ, jws: unknown) => openEnvelope(typ, jws, () => home.view.publicKey, audience(typ))

  /** Opens or throws a ProtocolFault with a known code; nothing else may happen. */
  async function isTotal(typ: Typ, jws: unknown): Promise<unknown> {
    try {
      return (await open(typ, jws)).payload
    } catch (error) {
      assert.ok(error instanceof ProtocolFault, `${String(error)} for ${typ}`)
      assert.ok(FAULT_CODES.includes(error.code))
      assert.ok(error.message.length < 300)
      return undefined
    }
  }

  it('any value at all is opened or refused with a ProtocolFault', async () => {
    const input = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true }),
      fc.string({ maxLength: 500 }),
      fc.array(fc.base64String(), { minLength: 2, maxLength: 4 }).map(parts => parts.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types), input, async (typ, jws) => {
        assert.equal(await isTotal(typ, jws), undefined)
        assert.doesNotThrow(() => claimedTyp(jws))
      }),
      settings,
    )
  })

  it('any signed JSON under the right header is opened as it stands or refused', async () => {
    const json = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.string(),
      fc.jsonValue().map(value => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types), json, async (typ, text) => {
        await isTotal(typ, await forge(headerOf(typ), text, home.view.sign))
      }),
      settings,
    )
  })

  it('any one member replaced by anything: refused, or the payload says exactly what was signed', async () => {
    const all = samples(home)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types), fc.nat(), fc.jsonValue(), async (typ, at, value) => {
        const names = Object.keys(all[typ])
        const payload = { ...all[typ], [names[at % names.length] ?? '']: value }
        const opened = await isTotal(typ, await forge(headerOf(typ), JSON.stringify(payload), home.view.sign))
        if (opened !== undefined) assert.deepEqual(opened, JSON.parse(JSON.stringify(payload)))
      }),
      settings,
    )
  })

  it('attack 13: no change of any byte of an envelope opens as another payload', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.nat(),
        fc.oneof(fc.string({ minLength: 0, maxLength: 3 }), fc.base64String({ maxLength: 8 })),
        fc.nat({ max: 3 }),
        async (typ, position, insert, remove) => {
          const jws = honest.get(typ) ?? ''
          const at = position % jws.length
          const changed = jws.slice(0, at) + insert + jws.slice(at + remove)
          const opened = await isTotal(typ, changed)
          if (changed === jws) assert.deepEqual(opened, sealed(typ))
          else assert.equal(opened, undefined)
        },
      ),
      settings,
    )
  })

  it('attack 13: no flipped bit below the encoding opens as another payload', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.nat({ max: 2 }),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (typ, part, position, bit) => {
          const parts = (honest.get(typ) ?? '').split('.')
          const bytes = fromBase64url(parts[part] ?? '')
          const at = position % bytes.length
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
          parts[part] = toBase64url(bytes)
          assert.equal(await isTotal(typ, parts.join('.')), undefined)
        },
      ),
      settings,
    )
  })

  it('attack 22: a refusal costs bounded time, whatever the size', async () => {
    const inputs = ['A', '.', 'eyJ', '[', '\ud800', '{"a":'].map(each =>
      each.repeat((10 * 1024 * 1024) / each.length),
    )
    const started = performance.now()
    for (const jws of inputs) for (const typ of types) await isTotal(typ, jws)
    assert.ok(performance.now() - started < 5000)
  })

  it('any text on the data channel is a message or a ProtocolFault', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        for (const parse of [parseToCamera, parseToViewer]) {
          try {
            parse(text)
          } catch (error) {
            assert.ok(error instanceof ProtocolFault, String(error))
          }
        }
      }),
      settings,
    )
  })

  /** What was sealed: the samples are random, so it is read back from the envelope. */
  const sealed = (typ: Typ): unknown =>
    JSON.parse(Buffer.from((honest.get(typ) ?? '').split('.')[1] ?? '', 'base64url').toString())
})
