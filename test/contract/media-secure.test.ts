import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkSource } from '@ownsight/camera-agent/media/check'
import { parseSource } from '@ownsight/camera-agent/media/source-config'
import { faultySound } from '../support/rtsp-filter.ts'
import { type RtspServer, startRtspServer } from '../support/rtsp-server.ts'
import { type Identity, selfSigned, startTls } from '../support/rtsps.ts'
import { openShare, until, view } from '../support/share-watcher.ts'
import { RTSP_PCMU } from '../support/sound-file.ts'

const LOGIN = 'ann:s3cret@'

describe('a source behind TLS', function () {
  this.timeout(60_000)
  let folder = ''
  let plain: RtspServer
  let own: Identity
  let other: Identity
  let elsewhere: Identity
  const closers: (() => Promise<unknown>)[] = []
  const serve = async (identity: Identity, target: Parameters<typeof startTls>[1] = plain.port) => {
    const server = await startTls(identity, target)
    closers.push(server.stop)
    return server
  }
  const source = (port: number, trust: { ca?: string; fingerprint?: string } = {}, scheme = 'rtsps') =>
    parseSource({ kind: 'rtsp', url: `${scheme}://${LOGIN}127.0.0.1:${port}/camera`, ...trust }, 'source')

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'media-tls-'))
    plain = await startRtspServer({ user: 'ann', password: 's3cret' })
    own = selfSigned(folder, 'own')
    other = selfSigned(folder, 'other')
    elsewhere = selfSigned(folder, 'elsewhere', 'DNS:camera.example.org')
  })
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))
  after(async () => {
    await plain.stop()
    await rm(folder, { recursive: true })
  })

  it('plays with its authority, and with its fingerprint whatever name it bears', async () => {
    const server = await serve(own)
    assert.deepEqual(await checkSource(source(server.port, { ca: own.cert })), { state: 'live' })
    const named = await serve(elsewhere)
    const pinned = source(named.port, { fingerprint: elsewhere.fingerprint })
    assert.deepEqual(await checkSource(pinned), { state: 'live' })
  })

  it('has its sound too; one whose sound cannot be had is asked again for its picture, its certificate checked again', async () => {
    const sounding = await startRtspServer({ launch: RTSP_PCMU })
    closers.push(sounding.stop)
    const whole = await serve(own, sounding.port)
    assert.deepEqual(await checkSource(source(whole.port, { ca: own.cert })), {
      state: 'live',
      sound: 'pcmu',
    })
    const refusing = await serve(own, faultySound(sounding.port, 'refused'))
    assert.deepEqual(await checkSource(source(refusing.port, { ca: own.cert })), { state: 'live' })
    const requests = refusing.heard.filter(text => text.startsWith('DESCRIBE'))
    assert.equal(requests.length, 2)
  })

  const refused: [
    string,
    string,
    () => Promise<{ status: ReturnType<typeof checkSource>; heard: string[] }>,
  ][] = [
    ['of an authority nobody named', 'tls_untrusted', () => tried(own, {})],
    ['of another authority', 'tls_untrusted', () => tried(own, { ca: other.cert })],
    ['of another name', 'tls_untrusted', () => tried(elsewhere, { ca: elsewhere.cert })],
    ['of another fingerprint', 'tls_fingerprint', () => tried(own, { fingerprint: other.fingerprint })],
  ]
  const tried = async (identity: Identity, trust: { ca?: string; fingerprint?: string }) => {
    const { port, heard } = await serve(identity)
    return { status: checkSource(source(port, trust)), heard }
  }
  for (const [what, code, attempt] of refused)
    it(`a certificate ${what} is refused with a sentence, and hears not one byte`, async () => {
      const { status, heard } = await attempt()
      const { state, code: told, note } = await status
      assert.deepEqual([state, told], ['failed', code])
      assert.match(note ?? '', /^The camera source .*\.$/)
      assert.doesNotMatch(note ?? '', /s3cret|127\.0\.0\.1/)
      assert.deepEqual(heard, [])
    })

  it('a file that holds no certificate is said to be none', async () => {
    const server = await serve(own)
    const empty = join(folder, 'empty.pem')
    await writeFile(empty, 'no certificate')
    for (const ca of [empty, join(folder, 'nothing.pem')])
      assert.equal((await checkSource(source(server.port, { ca }))).code, 'tls_no_ca')
  })

  it('a port that speaks plain RTSP, or nothing, is told from one that cannot be reached', async () => {
    const { code } = await checkSource(source(plain.port, { ca: own.cert }))
    assert.equal(code, 'tls_failed')
    assert.equal((await checkSource(source(9, { ca: own.cert }))).code, 'unreachable')
  })

  it('a reply that sends the reader elsewhere is not followed', async () => {
    let visits = 0
    const open = createServer(socket => {
      visits++
      socket.destroy()
    })
    await new Promise<void>(resolve => open.listen(0, '127.0.0.1', resolve))
    const { port } = open.address() as AddressInfo
    const server = await serve(own, socket =>
      socket.on('data', data => {
        const sequence = /CSeq: (\d+)/.exec(data.toString())?.[1]
        const moved = `302 Moved\r\nLocation: rtsp://127.0.0.1:${port}/x`
        const answer = data.toString().startsWith('OPTIONS') ? '200 OK\r\nPublic: OPTIONS, DESCRIBE' : moved
        const reply = `RTSP/1.0 ${answer}\r\nCSeq: ${sequence}\r\n\r\n`
        socket.write(reply.slice(0, 5))
        setTimeout(() => socket.write(reply.slice(5)), 50)
      }),
    )
    assert.equal((await checkSource(source(server.port, { ca: own.cert }))).state, 'failed')
    open.close()
    assert.ok(server.heard.some(text => text.startsWith('DESCRIBE')))
    assert.equal(visits, 0)
  })

  it('that goes away is reconnecting', async () => {
    const server = await serve(own)
    const { share } = openShare(source(server.port, { ca: own.cert }))
    closers.push(share.close)
    const viewer = view(share)
    await viewer.first(5)
    await server.stop()
    await until(() => share.status().state === 'reconnecting', 'reconnecting')
  })
})

describe('a device', () => {
  it('that is not there, or no video device, is said to be missing', async () => {
    const status = await checkSource({ kind: 'v4l2', device: '/dev/video987' })
    assert.deepEqual([status.state, status.code], ['failed', 'no_device'])
    assert.match(status.note ?? '', /^The camera source is not there: .*\/dev\/video/)
    assert.equal((await checkSource({ kind: 'v4l2', device: '/dev/null' })).code, 'no_device')
  })
})
