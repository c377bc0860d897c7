import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { toBase64url, utf8 } from '@ownsight/protocol/bytes'
import { claimedTyp, envelopeHash, openEnvelope, seal } from '@ownsight/protocol/envelope'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { schemas, type Typ } from '@ownsight/protocol/messages'
import { faults, forge, type Home, headerOf, malleate, newHome, samples } from './fixtures.ts'

describe('protocol: envelope', () => {
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
  before(async () => {
    home = await newHome()
    offerText = JSON.stringify(samples(home)[typ])
  })

  it('opens what seal made, with its payload and its hash', async () => {
    const payload = samples(home)[typ]
    const jws = await seal(typ, payload, home.view.sign)
    const opened = await open(jws)
    assert.deepEqual(opened.payload, payload)
    assert.equal(opened.typ, typ)
    assert.equal(opened.hash, await envelopeHash(jws))
    assert.equal(opened.hash.length, 43)
  })

  it('opens a hand-made envelope of the same bytes: no hidden canonical form', async () => {
    await open(await signed(offerText))
  })

  describe('attack 19: unsigned or otherwise signed messages', () => {
    it('attack 19: plain JSON in place of an envelope is bad_form', async () => {
      await faults('bad_form', () => open(offerText))
      await faults('bad_form', () => open(JSON.parse(offerText)))
    })

    it('attack 19: the flattened JSON form of a JWS is bad_form', async () => {
      const [protectedHeader, payload, signature] = (await signed(offerText)).split('.')
      await faults('bad_form', () => open({ protected: protectedHeader, payload, signature }))
      await faults('bad_form', () => open(JSON.stringify({ protected: protectedHeader, payload, signature })))
    })

    it('attack 19: alg none is bad_form', async () => {
      const header = `{"alg":"none","typ":"${typ}"}`
      await faults('bad_form', async () => open(await signed(offerText, header)), 'header')
      await faults('bad_form', () => open(`${toBase64url(utf8(header))}.${toBase64url(utf8(offerText))}.`))
    })

    it('attack 19: HS256 with the public key as its secret is bad_form', async () => {
      const header = toBase64url(utf8(`{"alg":"HS256","typ":"${typ}"}`))
      const input = `${header}.${toBase64url(utf8(offerText))}`
      for (const secret of [JSON.stringify(home.view.publicKey), home.view.publicKey.x, home.view.id]) {
        const mac = createHmac('sha256', secret).update(input).digest('base64url')
        await faults('bad_form', () => open(`${input}.${mac}`))
        // As long as an ES256 signature, so that the length alone does not decide.
        await faults(
          'bad_form',
          () => open(`${input}.${toBase64url(Buffer.from(mac + mac).subarray(0, 64))}`),
          'header',
        )
      }
    })

    it('attack 19: ES384 is bad_form', async () => {
      const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, [
        'sign',
      ])
      const input = `${toBase64url(utf8(`{"alg":"ES384","typ":"${typ}"}`))}.${toBase64url(utf8(offerText))}`
      const bytes = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, privateKey, utf8(input))
      await faults('bad_form', () => open(`${input}.${toBase64url(new Uint8Array(bytes))}`))
      await faults('bad_form', () => open(`${input}.${toBase64url(new Uint8Array(64))}`), 'header')
    })

    const extra: [string, string][] = [
      ['an extra member', `{"alg":"ES256","typ":"${typ}","kid":"k"}`],
      ['crit', `{"alg":"ES256","typ":"${typ}","crit":["b64"],"b64":false}`],
      ['jwk', `{"alg":"ES256","typ":"${typ}","jwk":{"kty":"EC"}}`],
      ['jku', `{"alg":"ES256","typ":"${typ}","jku":"https://x.example/"}`],
      ['x5c', `{"alg":"ES256","typ":"${typ}","x5c":[]}`],
      ['zip', `{"alg":"ES256","typ":"${typ}","zip":"DEF"}`],
      ['another order', `{"typ":"${typ}","alg":"ES256"}`],
      ['white space', `{"alg":"ES256", "typ":"${typ}"}`],
      ['a byte order mark', `\ufeff{"alg":"ES256","typ":"${typ}"}`],
      ['an escape', '{"alg":"ES256","typ":"os1-\\u006fffer"}'],
      ['upper case', `{"alg":"ES256","typ":"${typ.toUpperCase()}"}`],
      ['no type', '{"alg":"ES256"}'],
      ['a duplicate', `{"alg":"ES256","typ":"${typ}","typ":"${typ}"}`],
    ]
    for (const [name, header] of extra) {
      it(`attack 19: a header with ${name} is bad_form, though its signature is right`, async () => {
        await faults('bad_form', async () => open(await signed(offerText, header)), 'header')
      })
    }

    it('attack 19: a key inside the message is never used', async () => {
      const stranger = await generateKeyPair()
      const claims = { ...samples(home)[typ], iss: stranger.id }
      const jws = await seal(typ, claims, stranger.sign)
      await faults('unknown_viewer', () => open(jws), 'iss')
    })
  })

  describe('attack 20: type confusion', () => {
    const types = Object.keys(schemas) as Typ[]
    for (const claimed of types) {
      for (const expected of types.filter(each => each !== claimed)) {
        it(`attack 20: ${claimed} presented as ${expected} is bad_type`, async () => {
          const jws = await seal(claimed, samples(home)[claimed], home.view.sign)
          await faults(
            'bad_type',
            () => openEnvelope(expected, jws, () => home.view.publicKey, home.cam.id),
            'typ',
          )
        })
      }
    }

    it('attack 20: the payload of another type under the expected header is bad_form', async () => {
      const all = samples(home)
      for (const other of types.filter(each => each !== typ)) {
        await faults('bad_form', async () => open(await signed(JSON.stringify(all[other]))))
      }
    })

    it('attack 23: a candidate message is bad_type: no type of ours carries one', async () => {
      const candidate = JSON.stringify({ v: 1, candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host' })
      const jws = await signed(candidate, headerOf('os1-candidate'))
      assert.equal(claimedTyp(jws), undefined)
      await faults('bad_type', () => open(jws), 'typ')
      assert.deepEqual(
        Object.keys(schemas).filter(name => /cand|trickle|ice/.test(name)),
        [],
      )
    })

    it('a header with anything before or behind it is bad_form, and claims no type', async () => {
      for (const header of [` ${headerOf(typ)}`, `${headerOf(typ)} `, `${headerOf(typ)}x`]) {
        const jws = await signed(offerText, header)
        assert.equal(claimedTyp(jws), undefined)
        await faults('bad_form', () => open(jws), 'header')
      }
    })

    it('says of a payload that is no JSON that it is none', async () => {
      const jws = await signed('{')
      assert.match((await faults('bad_form', () => open(jws), 'payload')).message, /send JSON/)
    })

    it('an empty part is bad_form, whichever it is', async () => {
      const parts = (await signed(offerText)).split('.')
      for (const i of [0, 1, 2]) await faults('bad_form', () => open(parts.with(i, '').join('.')), 'envelope')
    })

    it('claimedTyp names the type of a well-formed envelope and nothing else', async () => {
      for (const each of types)
        assert.equal(claimedTyp(await seal(each, samples(home)[each], home.view.sign)), each)
      for (const other of ['', 'a.b.c', 7, null, {}, offerText]) assert.equal(claimedTyp(other), undefined)
    })
  })

  describe('attack 13: signed bytes', () => {
    it('attack 13: a replaced SDP under the old signature is bad_sig', async () => {
      const jws = await signed(offerText)
      const body = toBase64url(utf8(offerText.replace('v=0', 'v=1')))
      await faults('bad_sig', () => open(jws.replace(/\.[^.]+\./, `.${body}.`)))
    })

    it('attack 13: a signature by another key is bad_sig', async () => {
      await faults('bad_sig', async () => open(await forge(headerOf(typ), offerText, home.admin.sign)))
    })

    it('attack 13: zero, order and truncated signatures never verify', async () => {
      const [header, body] = (await signed(offerText)).split('.')
      const zero = new Uint8Array(64)
      await faults('bad_sig', () => open(`${header}.${body}.${toBase64url(zero)}`))
      await faults('bad_form', () => open(`${header}.${body}.${toBase64url(zero.slice(1))}`), 'signature')
      await faults(
        'bad_form',
        () => open(`${header}.${body}.${toBase64url(new Uint8Array(72))}`),
        'signature',
      )
    })
  })

  it('attack 21: the malleated signature (r, n−s) opens as the same message with the same hash', async () => {
    const jws = await signed(offerText)
    const other = malleate(jws)
    assert.notEqual(other, jws)
    const [first, second] = [await open(jws), await open(other)]
    assert.equal(second.hash, first.hash)
    assert.deepEqual(second.payload, first.payload)
  })

  it('seal refuses to sign what no peer would open', async () => {
    await assert.rejects(seal(typ, { ...samples(home)[typ], sid: 'short' }, home.view.sign))
  })
})
