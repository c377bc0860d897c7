import assert from 'node:assert/strict'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import type { Socket } from '@ownsight/camera-agent/rtc/guard/internals'
import { fragmentRecord, recordBytes } from '../../../../support/dtls-wire.ts'
import { until } from '../../../../support/wait.ts'
import { body, CERTIFICATE, frozenClock, hello, part, realServer, stage } from './server-stage.ts'

const [ALERT, HANDSHAKE, DATA] = [21, 22, 23]

describe('the server after the proof', function () {
  this.timeout(20_000)
  let real: Socket
  before(async () => {
    installGuard()
    real = await realServer()
  })

  function proved() {
    const made = stage()
    made.prove(real)
    assert.deepEqual([made.session.proved, made.errors], [true, []])
    return made
  }

  it('data is heard once, whatever its order', () => {
    const { session, sealed, heard } = proved()
    const [one, two] = [sealed(DATA, body('one')), sealed(DATA, body('two'))]
    for (const datagram of [two, one, two, one, Buffer.concat([one, sealed(DATA, body('three'))])])
      session.receive(datagram)
    assert.deepEqual(heard, ['two', 'one', 'three'])
  })

  it('a forged record takes no number from a right one', () => {
    const { session, heard } = proved()
    session.receive(recordBytes(DATA, 1, 50, Buffer.alloc(8)))
    session.receive(recordBytes(DATA, 1, 50, body('right')))
    assert.deepEqual(heard, ['right'])
  })

  it('records of another epoch, or without keys, are nothing', () => {
    const { session, heard, sealed, socket } = proved()
    session.receive(recordBytes(DATA, 2, 50, body('later')))
    session.receive(recordBytes(DATA, 0, 51, body('clear')))
    Reflect.deleteProperty(socket.cipher, 'cipher')
    session.receive(sealed(DATA, body('early')))
    assert.deepEqual(heard, [])
  })

  it('nothing in the clear is obeyed: no message, no alert', async () => {
    const { session, comes, delivered, errors, heard, sealed } = proved()
    comes(hello(0), part(CERTIFICATE, 6, body('c')), part(99, 6, body('x')))
    session.receive(recordBytes(ALERT, 0, 9, Buffer.from([2, 40])))
    await new Promise(resolve => setTimeout(resolve, 1000))
    session.receive(sealed(DATA, body('still here')))
    assert.deepEqual([delivered, errors, heard, session.proved], [[], [], ['still here'], true])
  })

  it('a fatal alert from before the proof no longer counts', async () => {
    const made = stage()
    made.session.receive(recordBytes(ALERT, 0, 1, Buffer.from([2, 40])))
    made.prove(real)
    await new Promise(resolve => setTimeout(resolve, 1000))
    assert.deepEqual([made.errors, made.session.proved], [[], true])
  })

  for (const [what, alert] of [
    ['close_notify', [1, 0]],
    ['a fatal alert', [2, 40]],
  ] as const)
    it(`${what} closes it, and nothing is heard after`, () => {
      const { session, sealed, heard, closed } = proved()
      session.receive(sealed(ALERT, Buffer.from(alert)))
      session.receive(sealed(DATA, body('late')))
      session.receive(sealed(ALERT, Buffer.from(alert)))
      assert.deepEqual([closed(), session.proved, session.fault, heard], [1, false, undefined, []])
    })

  it('another alert, and a record of no known kind, change nothing', () => {
    const { session, sealed, heard, closed } = proved()
    session.receive(sealed(ALERT, Buffer.from([1, 90])))
    session.receive(sealed(24, Buffer.from([2, 0])))
    session.receive(sealed(20, Buffer.from([2, 0])))
    assert.deepEqual([closed(), session.proved, heard], [0, true, []])
  })

  it('a Finished that comes again brings the last flight again, not in a flood', () => {
    const { session, finished, sent, delivered, socket } = proved()
    const clock = frozenClock()
    for (let n = 0; n < 5; n++) session.receive(finished(body('again')))
    clock.advance(100)
    socket.dtls.flight = 4
    session.receive(finished(body('again')))
    assert.deepEqual(sent.map(String), ['flight'])
    socket.dtls.flight = 6
    session.receive(finished(body('again')))
    clock.release()
    assert.deepEqual(sent.map(String), ['flight', 'flight'])
    assert.deepEqual(delivered, [])
  })

  it('another message of the flight that comes again brings nothing', () => {
    const { session, sealed, sent } = proved()
    session.receive(sealed(HANDSHAKE, fragmentRecord(part(CERTIFICATE, 2, body('c')), 0).subarray(13)))
    assert.deepEqual(sent, [])
  })

  it('the last flight comes again by itself, three times, until the client is heard', async () => {
    const silent = proved()
    const talking = proved()
    talking.session.receive(talking.sealed(DATA, body('hi')))
    await until(() => silent.sent.length >= 3, { timeout: 10_000, what: 'the third copy' })
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.deepEqual(silent.sent.map(String), ['flight', 'flight', 'flight'])
    assert.deepEqual(talking.sent, [])
  })

  it('and no more once it is over', async () => {
    const { session, sealed, sent } = proved()
    session.receive(sealed(ALERT, Buffer.from([1, 0])))
    await new Promise(resolve => setTimeout(resolve, 600))
    assert.deepEqual(sent, [])
  })

  it('what cannot be sent is no error', async () => {
    const { session, finished, socket, errors } = proved()
    let tried = 0
    socket.transport.send = () => {
      tried++
      return Promise.reject(new Error('no route'))
    }
    session.receive(finished(body('again')))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(tried, 1)
    assert.deepEqual(errors, [])
  })
})
