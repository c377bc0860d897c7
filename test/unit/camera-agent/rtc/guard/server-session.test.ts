import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { OVER } from '@ownsight/camera-agent/rtc/guard/retransmission'
import { fragmentRecord, pieces, recordBytes } from '../../../../support/dtls-wire.ts'
import { until } from '../../../../support/wait.ts'
import {
  body,
  CERTIFICATE,
  COOKIE,
  code,
  FINISHED,
  frozenClock,
  HELLO,
  hello,
  helloBody,
  KEY_EXCHANGE,
  part,
  RANDOM,
  stage,
  VERIFY,
} from './server-stage.ts'

describe('the server behind its guard', () => {
  before(() => installGuard())

  describe('hellos', () => {
    let clock: ReturnType<typeof frozenClock>
    beforeEach(() => {
      clock = frozenClock()
    })
    afterEach(() => clock.release())

    it('one without a cookie may come again and again, each is handed on', () => {
      const { comes, delivered } = stage()
      comes(hello(0), hello(0), hello(1))
      assert.deepEqual(
        delivered.map(([type, seq]) => [type, seq]),
        [
          [HELLO, 0],
          [HELLO, 0],
          [HELLO, 1],
        ],
      )
      assert.equal(delivered[0]?.[2], helloBody(Buffer.alloc(0)).toString('hex'))
    })

    it('one with the right cookie counts once; after it none without', () => {
      const { comes, types, session } = stage()
      comes(hello(0), hello(1, COOKIE, { session: 32 }), hello(1, COOKIE), hello(2, COOKIE), hello(3))
      assert.deepEqual(types(), [HELLO, HELLO])
      assert.deepEqual([session.proved, session.fault], [false, undefined])
    })

    it('one with another cookie, or of another client, is nothing', () => {
      const { comes, types, errors } = stage()
      comes(hello(1, body('biscuit')), hello(1, COOKIE, { random: Buffer.alloc(32, 8) }))
      const late = Buffer.from(RANDOM)
      late[31] = 0
      comes(hello(1, COOKIE, { random: late }))
      assert.deepEqual([types(), errors], [[], []])
      comes(hello(1, COOKIE))
      assert.deepEqual(types(), [HELLO])
    })

    it('a cookie the server never gave is nothing', () => {
      const { comes, types, socket } = stage()
      Reflect.deleteProperty(socket.dtls, 'cookie')
      comes(hello(1, COOKIE))
      Object.assign(socket.dtls, { cookie: COOKIE })
      Reflect.deleteProperty(socket.cipher, 'remoteRandom')
      comes(hello(2, COOKIE))
      assert.deepEqual(types(), [])
    })

    it('another version than DTLS 1.2 ends it', () => {
      const { comes, types, errors, socket, session } = stage()
      comes(hello(1, COOKIE, { version: 0xfefc }))
      assert.deepEqual([types(), code(errors), socket.dtls.flight], [[], ['order'], OVER])
      assert.equal(session.fault, errors[0])
      comes(hello(0))
      assert.deepEqual(types(), [])
    })

    it('what stands behind it in the same record is nothing either', () => {
      const { types, errors, session } = stage()
      const messages = [hello(1, COOKIE, { version: 0xfefc }), hello(0)]
      const record = Buffer.concat(messages.map(each => fragmentRecord(each, 0).subarray(13)))
      session.receive(recordBytes(22, 0, 1, record))
      assert.deepEqual([types(), code(errors)], [[], ['order']])
    })

    it('one that is cut short before the end of its cookie is nothing', () => {
      const whole = helloBody(COOKIE, { session: 2 })
      const end = whole.length - 'rest'.length
      for (let size = 0; size < end; size++) {
        const { comes, types } = stage()
        comes(part(HELLO, 1, whole.subarray(0, size)))
        assert.deepEqual(types(), [], `${size}`)
      }
      const { comes, types } = stage()
      for (const size of [1, 2])
        comes(part(HELLO, size, helloBody(Buffer.alloc(size)).subarray(0, -'rest'.length - size)))
      assert.deepEqual(types(), [])
      comes(part(HELLO, 3, whole.subarray(0, end)))
      assert.deepEqual(types(), [HELLO])
    })

    it('the accepted one again brings the last flight again, while that is the fourth, and not in a flood', () => {
      const { comes, sent, socket, greeted } = stage()
      greeted()
      comes(hello(1), hello(2, COOKIE))
      assert.equal(sent.length, 0)
      socket.dtls.flight = 6
      comes(hello(1, COOKIE))
      assert.equal(sent.length, 0)
      socket.dtls.flight = 4
      for (let n = 0; n < 5; n++) comes(hello(1, COOKIE))
      clock.advance(14)
      comes(hello(1, COOKIE))
      assert.deepEqual(sent.map(String), ['flight'])
      clock.advance(1)
      comes(hello(1, COOKIE))
      assert.deepEqual(sent.map(String), ['flight', 'flight'])
    })

    it('a sealed one is nothing', () => {
      const { session, types } = stage()
      session.receive(recordBytes(22, 1, 1, fragmentRecord(hello(0), 0).subarray(13)))
      assert.deepEqual(types(), [])
    })
  })

  describe('the client’s flight', () => {
    it('is handed on in order, each message once, whatever the order of its parts', () => {
      const { comes, delivered, greeted, session } = stage()
      greeted()
      comes(part(VERIFY, 4, body('v')), part(VERIFY, 4, body('u')))
      comes(part(CERTIFICATE, 2, body('c')), part(CERTIFICATE, 2, body('d')))
      const parts = pieces(part(KEY_EXCHANGE, 3, body('exchange')), 3).toReversed()
      for (const datagram of [...parts, ...parts]) session.receive(datagram)
      comes(part(VERIFY, 4, body('w')))
      assert.deepEqual(
        delivered.map(([type, seq, hex]) => [type, seq, Buffer.from(hex, 'hex').toString()]),
        [
          [CERTIFICATE, 2, 'c'],
          [KEY_EXCHANGE, 3, 'exchange'],
          [VERIFY, 4, 'v'],
        ],
      )
    })

    it('before a hello with a cookie nothing of it counts', () => {
      const { comes, types, errors } = stage()
      comes(hello(0), part(CERTIFICATE, 1, body('c')), part(CERTIFICATE, 0, body('c')))
      assert.deepEqual([types(), errors], [[HELLO], []])
    })

    for (const [what, type, seq] of [
      ['a key exchange first', KEY_EXCHANGE, 2],
      ['an unknown message', 99, 2],
      ['a server’s message', 14, 2],
    ] as const)
      it(`${what} ends it`, () => {
        const { comes, types, errors, greeted, session } = stage()
        greeted()
        comes(part(type, seq, body('x')))
        assert.deepEqual([types(), code(errors)], [[], ['order']])
        assert.equal(session.fault?.code, 'order')
        comes(part(CERTIFICATE, 2, body('c')))
        assert.deepEqual([types(), errors.length], [[], 1])
      })

    it('one message too many in the clear ends it', () => {
      const { comes, types, errors, greeted } = stage()
      greeted()
      comes(part(CERTIFICATE, 2, body('c')), part(KEY_EXCHANGE, 3, body('k')), part(VERIFY, 4, body('v')))
      comes(part(VERIFY, 5, body('v')))
      assert.deepEqual(types(), [CERTIFICATE, KEY_EXCHANGE, VERIFY])
      assert.deepEqual(code(errors), ['order'])
    })

    it('Finished in the clear, and anything else sealed, is nothing', () => {
      const { comes, types, errors, greeted, session } = stage()
      greeted()
      comes(part(FINISHED, 2, body('f')))
      session.receive(recordBytes(22, 1, 1, fragmentRecord(part(CERTIFICATE, 2, body('c')), 0).subarray(13)))
      assert.deepEqual([types(), errors], [[], []])
      comes(part(CERTIFICATE, 2, body('c')))
      assert.deepEqual(types(), [CERTIFICATE])
    })

    it('a Finished that proves nothing ends it, and nobody is told it was proved', () => {
      const { comes, types, greeted, session, socket, errors } = stage()
      greeted()
      Object.assign(socket.dtls, { sortedHandshakeCache: [] })
      comes(part(CERTIFICATE, 2, body('c')), part(KEY_EXCHANGE, 3, body('k')), part(VERIFY, 4, body('v')))
      session.receive(recordBytes(22, 1, 1, fragmentRecord(part(FINISHED, 5, body('f')), 0).subarray(13)))
      assert.deepEqual(types(), [CERTIFICATE, KEY_EXCHANGE, VERIFY])
      assert.deepEqual([code(errors), session.proved], [['transcript'], false])
    })

    it('up to eight messages ahead are kept, none further', () => {
      const { comes, types, errors, greeted, session } = stage()
      greeted()
      comes(part(VERIFY, 2 + 9, body('far')), part(KEY_EXCHANGE, 3, body('k')))
      assert.deepEqual(types(), [])
      comes(part(CERTIFICATE, 2, body('c')))
      assert.deepEqual(types(), [CERTIFICATE, KEY_EXCHANGE])
      assert.deepEqual([errors, session.fault], [[], undefined])
    })

    it('what lies further ahead takes no room', () => {
      const { greeted, session, types } = stage()
      greeted()
      for (let seq = 100; seq < 120; seq++)
        for (const piece of pieces(part(VERIFY, seq, body('far away')), 4).slice(1)) session.receive(piece)
      for (const piece of pieces(part(CERTIFICATE, 2, body('near')), 2)) session.receive(piece)
      assert.deepEqual(types(), [CERTIFICATE])
    })

    it('unfinished hellos, whatever their numbers, do not hold a message up', () => {
      const { comes, session, types } = stage()
      comes(hello(0, COOKIE))
      for (let seq = 0; seq < 4; seq++) session.receive(pieces(hello(seq), 10)[0]!)
      for (const piece of pieces(part(CERTIFICATE, 1, body('c'.repeat(60))), 10)) session.receive(piece)
      assert.deepEqual(types(), [HELLO, CERTIFICATE])
    })

    it('a Finished in the clear brings no flight again, whichever was the last', () => {
      const { comes, greeted, sent, socket, types } = stage()
      greeted()
      comes(part(CERTIFICATE, 2, body('c')))
      socket.dtls.flight = 6
      comes(part(FINISHED, 2, body('f')))
      assert.deepEqual([types(), sent], [[CERTIFICATE], []])
    })

    it('sixteen unfinished messages at most', () => {
      const { session, types } = stage()
      const [first] = pieces(hello(100), 10)
      for (let seq = 0; seq < 16; seq++) {
        const [piece] = pieces(hello(seq), 10)
        session.receive(piece!)
      }
      session.receive(first!)
      for (const piece of pieces(hello(100), 10).slice(1)) session.receive(piece)
      assert.deepEqual(types(), [])
      for (const piece of pieces(hello(15), 10).slice(1)) session.receive(piece)
      assert.deepEqual(types(), [HELLO])
    })

    it('what werift cannot read ends it, once', async () => {
      const { comes, errors, socket, session } = stage()
      socket.onHandleHandshakes = () => Promise.reject(new Error('unreadable'))
      comes(hello(0), hello(1))
      await until(() => errors.length > 0, { timeout: 5000, what: 'the error' })
      await new Promise(resolve => setImmediate(resolve))
      assert.deepEqual(errors.map(String), ['Error: unreadable'])
      assert.deepEqual([session.fault, session.proved, socket.dtls.flight], [undefined, false, OVER])
    })
  })

  describe('before the proof', () => {
    it('data, alerts and records that are forged are nothing', () => {
      const { session, heard, closed, errors, greeted, types } = stage()
      greeted()
      session.receive(recordBytes(23, 1, 1, body('data')))
      session.receive(recordBytes(23, 0, 1, body('data')))
      session.receive(recordBytes(21, 1, 2, Buffer.from([2, 0])))
      session.receive(recordBytes(21, 0, 2, Buffer.from([1, 0])))
      session.receive(recordBytes(22, 1, 3, Buffer.alloc(40)))
      session.receive(Buffer.from('junk'))
      assert.deepEqual([heard, closed(), errors, types()], [[], 0, [], []])
    })

    it('a message in a record of another kind is nothing', () => {
      const { session, types } = stage()
      for (const kind of [20, 21, 23, 24])
        session.receive(recordBytes(kind, 0, kind, fragmentRecord(hello(0), 0).subarray(13)))
      assert.deepEqual(types(), [])
    })

    it('a fatal alert in the clear ends it, but not at once', async () => {
      const { session, errors, comes, types } = stage()
      session.receive(recordBytes(21, 0, 1, Buffer.from([2, 40])))
      comes(hello(0))
      assert.deepEqual([types(), errors], [[HELLO], []])
      await until(() => errors.length > 0, { timeout: 10_000, what: 'the end' })
      assert.deepEqual(code(errors), ['alert'])
    })

    it('an alert that is none, or of another kind of record, ends nothing', async () => {
      const { session, errors } = stage()
      session.receive(recordBytes(21, 0, 1, Buffer.from([1, 40])))
      session.receive(recordBytes(20, 0, 1, Buffer.from([2, 40])))
      await new Promise(resolve => setTimeout(resolve, 1000))
      assert.deepEqual(errors, [])
    })
  })
})
