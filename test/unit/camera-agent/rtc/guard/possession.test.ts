import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Handshake, prf, type Socket } from '@ownsight/camera-agent/rtc/guard/internals'
import { provePossession } from '@ownsight/camera-agent/rtc/guard/possession'
import { type GuardCode, GuardError } from '@ownsight/camera-agent/rtc/guard-error'
import { type Keys, loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'

/** A whole handshake as the server has it just before the client's Finished, and that Finished. */
type Scene = { socket: Socket; finished: Buffer; messages: Handshake[] }

describe('possession', function () {
  this.timeout(20_000)
  let keys: { server: Keys; client: Keys }
  let server: Socket
  before(async () => {
    installGuard()
    keys = { server: await makeKeys(), client: await makeKeys() }
    const line = loopback(keys)
    assert.equal(await line.outcome(10_000), 'connected')
    line.close()
    server = line.server
  })

  const copyOf = (message: Handshake): Handshake =>
    Object.assign(Object.create(Object.getPrototypeOf(message)), message, {
      fragment: Buffer.from(message.fragment),
    })

  /** `change` may replace or alter anything; Finished is always that of the transcript as it is then. */
  function scene(change: (made: Scene) => void = () => undefined): Scene {
    const messages = server.dtls.sortedHandshakeCache.slice(0, 9).map(copyOf)
    const { cipher, dtls } = server
    const socket = {
      cipher: {
        remoteCertificate: cipher.remoteCertificate,
        localKeyPair: cipher.localKeyPair,
        masterSecret: cipher.masterSecret,
      },
      dtls: { options: dtls.options, remoteExtendedMasterSecret: true, sortedHandshakeCache: messages },
    } as unknown as Socket
    const made: Scene = { socket, messages, finished: Buffer.alloc(0) }
    change(made)
    const all = Buffer.concat(made.messages.map(each => each.serialize()))
    if (made.finished.length === 0) made.finished = prf().prfVerifyDataClient(cipher.masterSecret!, all)
    Object.assign(made.socket.dtls, { sortedHandshakeCache: made.messages })
    return made
  }
  function refused(code: GuardCode, change: (made: Scene) => void): void {
    const { socket, finished } = scene(change)
    assert.throws(
      () => provePossession(socket, finished),
      error => error instanceof GuardError && error.code === code && error.message.length > 10,
    )
  }
  const fill = (message: Handshake, fragment: Buffer): void =>
    void Object.assign(message, { fragment, length: fragment.length, fragment_length: fragment.length })
  const CERTIFICATE = 6
  const KEY_EXCHANGE = 7
  const VERIFY = 8
  const certificateBody = (...parts: (Buffer | number[])[]): Buffer =>
    Buffer.concat(parts.map(each => Buffer.from(each)))

  /** A CertificateVerify over the transcript before it, by any key and under any scheme. */
  function signedBy(made: Scene, key: Parameters<typeof sign>[2], scheme: number): void {
    const transcript = Buffer.concat(made.messages.slice(0, VERIFY).map(each => each.serialize()))
    const signature = sign('sha256', transcript, key)
    const head = Buffer.alloc(4)
    head.writeUInt16BE(scheme, 0)
    head.writeUInt16BE(signature.length, 2)
    fill(made.messages[VERIFY]!, Buffer.concat([head, signature]))
  }

  it('is proved by the handshake as it was, and by another signature of the same key', () => {
    const whole = scene()
    provePossession(whole.socket, whole.finished)
    const again = scene(made => signedBy(made, keys.client.keyPem, 1027))
    provePossession(again.socket, again.finished)
  })

  it('wants every message, in its place, and no other', () => {
    for (let i = 0; i < 9; i++) refused('transcript', ({ messages }) => void messages.splice(i, 1))
    for (let i = 0; i < 9; i++)
      refused('transcript', ({ messages }) => void messages.splice(i, 0, copyOf(messages[i]!)))
    for (let i = 0; i < 9; i++)
      refused('transcript', ({ messages }) => {
        messages[i]!.msg_type = 99
      })
  })

  it('wants the client’s messages numbered one after the other from its hello on', () => {
    for (const i of [CERTIFICATE, KEY_EXCHANGE, VERIFY])
      refused('transcript', ({ messages }) => {
        messages[i]!.message_seq++
      })
    refused('transcript', ({ messages }) => {
      messages[0]!.message_seq++
    })
  })

  it('wants the certificate that is in use, whole', () => {
    refused('transcript', ({ socket }) => {
      socket.cipher.remoteCertificate = Buffer.from('another')
    })
    refused('transcript', ({ socket }) => {
      Reflect.deleteProperty(socket.cipher, 'remoteCertificate')
    })
    const bodies = [
      certificateBody(),
      certificateBody([0, 0, 0]),
      certificateBody([0, 0, 2, 0, 0]),
      certificateBody([0, 0, 3, 0, 0, 0]),
      certificateBody([0, 0, 4, 0, 0, 2, 1]),
      certificateBody([0, 0, 9, 0, 0, 1, 1]),
    ]
    for (const body of bodies)
      refused('possession', ({ messages }) => {
        fill(messages[CERTIFICATE]!, body)
      })
  })

  it('takes the first certificate of a chain for the peer’s', () => {
    refused('transcript', ({ messages }) => {
      const { fragment } = messages[CERTIFICATE]!
      const other = [0, 0, 1, 7]
      const body = Buffer.concat([Buffer.alloc(3), Buffer.from(other), fragment.subarray(3)])
      body.writeUIntBE(body.length - 3, 0, 3)
      fill(messages[CERTIFICATE]!, body)
    })
  })

  it('wants the extended master secret on both sides', () => {
    refused('possession', ({ socket }) => {
      socket.dtls.remoteExtendedMasterSecret = false
    })
    refused('possession', ({ socket }) => {
      socket.dtls.options = { ...socket.dtls.options, extendedMasterSecret: false }
    })
  })

  it('wants a key exchange of its length, and keys', () => {
    for (const fragment of [Buffer.from([1]), Buffer.from([3, 1, 2]), Buffer.from([1, 1, 2])])
      refused('transcript', ({ messages }) => {
        fill(messages[KEY_EXCHANGE]!, fragment)
      })
    for (const name of ['localKeyPair', 'masterSecret'] as const)
      refused('transcript', ({ socket }) => {
        Reflect.deleteProperty(socket.cipher, name)
      })
  })

  it('wants keys made from this very transcript', () => {
    refused('transcript', ({ socket }) => {
      socket.cipher.masterSecret = Buffer.alloc(48, 1)
    })
    refused('transcript', ({ messages }) => {
      messages[0]!.fragment[5]! ^= 1
    })
  })

  it('refuses a key share that leaves no secret', () => {
    refused('possession', ({ socket, messages }) => {
      const X25519 = 29
      socket.cipher.localKeyPair = {
        curve: X25519,
        publicKey: Buffer.alloc(32),
        privateKey: Buffer.alloc(32, 9),
      }
      fill(messages[KEY_EXCHANGE]!, Buffer.concat([Buffer.from([32]), Buffer.alloc(32)]))
    })
  })

  it('wants a signature of its length, by the key of the certificate, under that key’s scheme', () => {
    for (const fragment of [Buffer.alloc(0), Buffer.from('040300', 'hex'), Buffer.from('04030000', 'hex')])
      refused('possession', ({ messages }) => {
        fill(messages[VERIFY]!, fragment)
      })
    refused('possession', ({ messages }) => {
      fill(messages[VERIFY]!, Buffer.concat([messages[VERIFY]!.fragment, Buffer.alloc(1)]))
    })
    refused('possession', made => signedBy(made, keys.server.keyPem, 1027))
    for (const scheme of [1025, 1283, 0])
      refused('possession', made => signedBy(made, keys.client.keyPem, scheme))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    refused('possession', made => signedBy(made, privateKey, 1025))
  })

  it('refuses a certificate nobody can read', () => {
    refused('possession', ({ socket, messages }) => {
      socket.cipher.remoteCertificate = Buffer.from([1, 2, 3])
      fill(messages[CERTIFICATE]!, certificateBody([0, 0, 6, 0, 0, 3, 1, 2, 3]))
      rekey(socket, messages)
    })
  })

  it('wants a Finished of the whole transcript', () => {
    for (const size of [12, 11, 13, 1])
      refused('finished', made => {
        made.finished = Buffer.alloc(size, 7)
      })
    const { socket } = scene()
    assert.throws(
      () => provePossession(socket, Buffer.alloc(0)),
      error => error instanceof GuardError && error.code === 'finished',
    )
  })

  /** Gives the server the master secret that belongs to a changed transcript. */
  function rekey(socket: Socket, messages: Handshake[]): void {
    const { localKeyPair } = socket.cipher
    const share = messages[KEY_EXCHANGE]!.fragment.subarray(1)
    const preMaster = prf().prfPreMasterSecret(share, localKeyPair!.privateKey, localKeyPair!.curve)
    const transcript = Buffer.concat(messages.slice(0, VERIFY).map(each => each.serialize()))
    socket.cipher.masterSecret = prf().prfExtendedMasterSecret(preMaster, transcript)
  }
})
