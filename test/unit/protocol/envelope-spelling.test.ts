import assert from 'node:assert/strict'
import { fromBase64url, toBase64url } from '@ownsight/protocol/bytes'
import { openEnvelope, seal } from '@ownsight/protocol/envelope'
import { keyId } from '@ownsight/protocol/ids'
import { ENVELOPE_MAX_BYTES } from '@ownsight/protocol/limits'
import { schemas, type Typ } from '@ownsight/protocol/messages'
import { faults, forge, type Home, headerOf, newHome, samples, strayBit } from './fixtures.ts'

describe('protocol: envelope, spelling and schema', () => {
  let home: Home
  let offerText: string
  const typ = 'os1-offer'
  const open = (jws: unknown) =>
    openEnvelope(
      typ,
      jws,
      claims => (claims.iss === home.view.id ? home.view.publicKey : undefined),
      home.cam.id,
    )
  /** A correctly signed envelope whose payload is exactly this text. */
  const signed = (payload: string, header = headerOf(typ)) => forge(header, payload, home.view.sign)
  const withMember = (name: string, value: string) => signed(offerText.replace(/\}$/, `,"${name}":${value}}`))

  before(async () => {
    home = await newHome()
    offerText = JSON.stringify(samples(home)[typ])
  })

  describe('attack 22: spellings', () => {
    it('attack 22: padding, the other alphabet, white space and empty parts are bad_form', async () => {
      const jws = await signed(offerText)
      const [header, body, signature] = jws.split('.') as [string, string, string]
      const bad = [
        `${header}=.${body}.${signature}`,
        `${header}.${body}=.${signature}`,
        `${header}.${body}.${signature}==`,
        `${header}.${body}.${signature.replace(/^../, '+/')}`,
        `${jws}\n`,
        ` ${jws}`,
        `${header}.${body}\n.${signature}`,
        `${jws}.`,
        `${jws}.${signature}`,
        `.${body}.${signature}`,
        `${header}..${signature}`,
        `${header}.${body}.`,
        `${header}.${body}`,
        '..',
        '',
        `${header}.${body}\u00ad.${signature}`,
        `${header}.${body}.${signature}A`,
      ]
      for (const each of bad) await faults('bad_form', () => open(each))
    })

    it('attack 22: stray trailing bits are bad_form in every part', async () => {
      const parts = (await signed(offerText)).split('.')
      let tried = 0
      for (const [i, part] of parts.entries()) {
        if (part.length % 4 === 0) continue
        tried++
        const jws = parts.map((each, j) => (j === i ? strayBit(each) : each)).join('.')
        await faults('bad_form', () => open(jws), 'base64url')
      }
      assert.ok(tried > 0)
    })

    it('attack 22: duplicate members are bad_form', async () => {
      await faults('bad_form', async () => open(await withMember('aud', `"${home.cam.id}"`)), 'payload')
      await faults('bad_form', async () =>
        open(await signed(offerText.replace('{', `{"aud":"${home.view.id}",`))),
      )
    })

    it('attack 22: other spellings of the same JSON are bad_form', async () => {
      const spellings = [
        offerText.replace(':', ': '),
        `${offerText} `,
        `\ufeff${offerText}`,
        offerText.replace('"v":1', '"v":1.0'),
        offerText.replace('"v":1', '"v":1e0'),
        offerText.replace('"v"', '"\\u0076"'),
        offerText.replace('"iat":1', '"iat":-0'),
        `[${offerText}]`,
        'null',
        '1',
        '"x"',
        '',
        '{',
      ]
      for (const text of spellings) await faults('bad_form', async () => open(await signed(text)))
    })

    it('attack 22: huge numbers are bad_form', async () => {
      for (const number of ['1e400', '9007199254740993', '1e21', '-1', '1.5', '9'.repeat(400)])
        await faults('bad_form', async () =>
          open(await signed(offerText.replace('"iat":1', `"iat":${number}`))),
        )
    })

    it('attack 22: __proto__ and the other names of Object.prototype are bad_form', async () => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'extra', '0'])
        await faults('bad_form', async () => open(await withMember(name, '{"aud":"x"}')))
    })

    it('attack 22: malformed UTF-8 is bad_form', async () => {
      const [header, , signature] = (await signed(offerText)).split('.')
      await faults(
        'bad_form',
        () => open(`${header}.${toBase64url(new Uint8Array([0xff, 0xfe]))}.${signature}`),
        'utf8',
      )
    })

    it('attack 22: nesting as deep as the size allows is bad_form, not a crash', async () => {
      const depth = 11_000
      const nested = '['.repeat(depth) + ']'.repeat(depth)
      await faults('bad_form', async () => open(await withMember('deep', nested)))
    })

    it('attack 22: 10 MB is refused by its size, before anything is decoded', async () => {
      await faults('limit', () => open('A'.repeat(10 * 1024 * 1024)), 'envelope')
      await faults('limit', () => open('.'.repeat(10 * 1024 * 1024)), 'envelope')
      await faults('limit', () => open('A'.repeat(ENVELOPE_MAX_BYTES + 1)))
      await faults('bad_form', () => open('A'.repeat(ENVELOPE_MAX_BYTES)))
    })
  })

  describe('schema, version and audience', () => {
    it('refuses an unknown member of every type', async () => {
      const all = samples(home)
      for (const each of Object.keys(schemas) as Typ[]) {
        const text = JSON.stringify({ ...all[each], extra: 1 })
        const jws = await forge(headerOf(each), text, home.view.sign)
        await faults('bad_form', () => openEnvelope(each, jws, () => home.view.publicKey, home.cam.id))
      }
    })

    it('refuses another version of every type', async () => {
      const all = samples(home)
      for (const each of Object.keys(schemas) as Typ[]) {
        for (const version of [0, 2, '1', true, null]) {
          const jws = await forge(
            headerOf(each),
            JSON.stringify({ ...all[each], v: version }),
            home.view.sign,
          )
          await faults('bad_form', () => openEnvelope(each, jws, () => home.view.publicKey, home.cam.id), 'v')
        }
      }
    })

    it('refuses a missing member of every type', async () => {
      const all = samples(home)
      for (const each of Object.keys(schemas) as Typ[]) {
        for (const name of Object.keys(all[each])) {
          const { [name]: _, ...rest } = all[each] as Record<string, unknown>
          const jws = await forge(headerOf(each), JSON.stringify(rest), home.view.sign)
          await faults('bad_form', () => openEnvelope(each, jws, () => home.view.publicKey, home.cam.id))
        }
      }
    })

    it('attack 1: an envelope for somebody else is wrong_aud', async () => {
      const jws = await signed(offerText)
      const resolve = () => home.view.publicKey
      await faults('wrong_aud', () => openEnvelope(typ, jws, resolve, home.admin.id), 'aud')
      await faults('wrong_aud', () => openEnvelope(typ, jws, resolve), 'aud')
    })

    it('refuses an envelope whose issuer is its own audience', async () => {
      const payload = { ...samples(home)[typ], iss: home.cam.id }
      const jws = await seal(typ, payload, home.cam.sign)
      await faults('wrong_aud', () => openEnvelope(typ, jws, () => home.cam.publicKey, home.cam.id), 'aud')
    })

    it('names the member that is wrong', async () => {
      await faults('bad_form', async () => open(await signed(offerText.replace('"now"', '"later"'))), 'start')
    })

    it('refuses a key with a second spelling of the same point', async () => {
      const key = { ...home.cam.publicKey, x: strayBit(home.cam.publicKey.x) }
      assert.deepEqual(Buffer.from(key.x, 'base64url'), Buffer.from(fromBase64url(home.cam.publicKey.x)))
      assert.notEqual(await keyId(key), home.cam.id)
      const payload = JSON.stringify({ ...samples(home)['os1-pair2'], cam: key })
      const jws = await forge(headerOf('os1-pair2'), payload, home.cam.sign)
      await faults('bad_form', () => openEnvelope('os1-pair2', jws, () => home.cam.publicKey), 'cam.x')
    })

    it('never asks the store for a key of a message that is not well formed', async () => {
      const jws = await signed(offerText.replace('"now"', '"later"'))
      await faults('bad_form', () =>
        openEnvelope(typ, jws, () => assert.fail('asked for a key'), home.cam.id),
      )
    })
  })
})
