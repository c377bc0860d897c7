import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkSource } from '@ownsight/camera-agent/media/check'
import type { SourceStatus } from '@ownsight/camera-agent/media/source-status'
import { type RtspServer, startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until, view } from '../support/share-watcher.ts'
import { writeVideo } from '../support/video-file.ts'

const CHECK = fileURLToPath(new URL('../support/check-source.ts', import.meta.url))
const SECRETS = /s3cret|rtsp:|127\.0\.0\.1|\/tmp/

/** Lists of other places, in the forms FFmpeg or players know; `TARGET` stands for a real video elsewhere. */
const LISTS = {
  'list.m3u8': '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nTARGET\n#EXT-X-ENDLIST\n',
  'list.mp4': "ffconcat version 1.0\nfile 'TARGET'\n",
  'plain-concat.txt': "file 'TARGET'\n",
  'session.sdp':
    'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
  'list.pls': '[playlist]\nFile1=TARGET\n',
  'manifest.mpd':
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>TARGET</BaseURL></MPD>\n',
}

const refused = (status: SourceStatus, code: string) => {
  assert.equal(status.state, 'failed')
  assert.equal(status.code, code)
  assert.match(status.note ?? '', /^The camera source .*\.$/)
  assert.doesNotMatch(JSON.stringify(status), SECRETS)
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('media faults', function () {
  this.timeout(60_000)
  let folder = ''
  const closers: (() => Promise<unknown>)[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'media-'))
    await writeVideo(join(folder, 'foreign.ts'), 'baseline', 'mpegtsmux')
  })
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))
  after(() => rm(folder, { recursive: true }))

  describe('an RTSP source', () => {
    let server: RtspServer
    before(async () => {
      server = await startRtspServer({ user: 'ann', password: 's3cret' })
    })
    after(() => server.stop())

    it('opens with the right password', async () => {
      assert.deepEqual(await checkSource({ kind: 'rtsp', url: server.url }), { state: 'live' })
    })
    it('with a wrong password, or none, is auth_failed', async () => {
      refused(await checkSource({ kind: 'rtsp', url: server.url.replace('s3cret', 'guess') }), 'auth_failed')
      refused(await checkSource({ kind: 'rtsp', url: server.url.replace('ann:s3cret@', '') }), 'auth_failed')
    })
    it('with a wrong path is not_found', async () => {
      refused(await checkSource({ kind: 'rtsp', url: server.url.replace('camera', 'nothing') }), 'not_found')
    })
    it('that sends over UDP alone is udp_only', async () => {
      const udp = await startRtspServer({ transport: 'UDP' })
      closers.push(udp.stop)
      refused(await checkSource({ kind: 'rtsp', url: udp.url }), 'udp_only')
    })
    it('at a closed port, or a name that does not resolve, is unreachable', async () => {
      refused(await checkSource({ kind: 'rtsp', url: 'rtsp://ann:s3cret@127.0.0.1:9/camera' }), 'unreachable')
      refused(
        await checkSource({ kind: 'rtsp', url: 'rtsp://ann:s3cret@camera.invalid/camera' }),
        'unreachable',
      )
    })
    it('that accepts and says nothing is a timeout', async () => {
      const silent = createServer(socket => socket.resume().on('error', () => {}))
      const port = await listen(silent)
      refused(
        await checkSource({ kind: 'rtsp', url: `rtsp://ann:s3cret@127.0.0.1:${port}/camera` }),
        'timeout',
      )
      silent.close()
    })
    it('that redirects elsewhere is not followed', async () => {
      const visits: string[] = []
      const elsewhere = createServer(socket => {
        visits.push(String(socket.remotePort))
        socket.destroy()
      })
      const target = await listen(elsewhere)
      for (const location of [
        `http://127.0.0.1:${target}/x`,
        `rtmp://127.0.0.1:${target}/x`,
        `file://${folder}/foreign.ts`,
      ]) {
        const asked: string[] = []
        const redirector = createServer(socket =>
          socket
            .on('error', () => {})
            .on('data', data => {
              const request = data.toString()
              asked.push(request)
              const sequence = /CSeq: (\d+)/.exec(request)?.[1]
              const options = request.startsWith('OPTIONS')
              const answer = options
                ? '200 OK\r\nPublic: OPTIONS, DESCRIBE'
                : `302 Moved\r\nLocation: ${location}`
              socket.write(`RTSP/1.0 ${answer}\r\nCSeq: ${sequence}\r\n\r\n`)
            }),
        )
        const port = await listen(redirector)
        assert.equal(
          (await checkSource({ kind: 'rtsp', url: `rtsp://127.0.0.1:${port}/camera` })).state,
          'failed',
        )
        assert.ok(asked.some(request => request.startsWith('DESCRIBE')))
        redirector.close()
      }
      assert.deepEqual(visits, [])
      elsewhere.close()
    })
  })

  it('an RTSP server that goes away is reconnecting, then live again without a new viewer', async () => {
    const first = await startRtspServer({ user: 'ann', password: 's3cret' })
    closers.push(first.stop)
    const { share, statuses } = openShare({ kind: 'rtsp', url: first.url })
    closers.push(share.close)
    const viewer = view(share)
    await viewer.first(5)
    await first.stop()
    await until(() => share.status().state === 'reconnecting', 'reconnecting', 4000)
    refusedNowhere(statuses)
    const seen = viewer.frames.length
    await new Promise(resolve => setTimeout(resolve, 3000))
    assert.equal(share.status().state, 'reconnecting')
    const second = await startRtspServer({ port: first.port, user: 'ann', password: 's3cret' })
    closers.push(second.stop)
    await until(() => share.status().state === 'live', 'live again', 10_000)
    await viewer.first(seen + 5)
    const [before, after] = [viewer.frames[seen - 1], viewer.frames[seen]]
    assert.equal(after?.key, true)
    assert.ok((after?.timestamp ?? 0) > (before?.timestamp ?? 0))
    refusedNowhere(statuses)
  })

  const refusedNowhere = (statuses: SourceStatus[]) =>
    assert.ok(!statuses.some(({ state }) => state === 'failed'), JSON.stringify(statuses))

  it('a source that stops sending is reconnecting within 3.5 s, and live when it goes on', async () => {
    const { share } = openShare({ kind: 'test-pattern', width: 160, height: 90, fps: 10 })
    closers.push(share.close)
    const viewer = view(share)
    await viewer.first(5)
    const pid = share.pid() as number
    process.kill(pid, 'SIGSTOP')
    await until(() => share.status().state === 'reconnecting', 'reconnecting', 3500)
    assert.equal(share.status().code, 'timeout')
    process.kill(pid, 'SIGCONT')
    await until(() => share.status().state === 'live', 'live again', 2000)
    assert.equal(share.pid(), pid)
  })

  for (const [name, bytes] of [
    ['text', Buffer.from('Dear neighbour, this is a letter.\n'.repeat(40))],
    ['a JPEG', Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb004300ffd9', 'hex')],
    ['empty', Buffer.alloc(0)],
    ['noise', Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255))],
  ] as const)
    it(`a file that is ${name} is not_video`, async () => {
      const path = join(folder, 'other')
      await writeFile(path, bytes)
      refused(await checkSource({ kind: 'file', path }), 'not_video')
    })

  it('a missing file is not_found, a folder not_video', async () => {
    refused(await checkSource({ kind: 'file', path: join(folder, 'none') }), 'not_found')
    refused(await checkSource({ kind: 'file', path: folder }), 'not_video')
  })

  for (const [name, text] of Object.entries(LISTS))
    it(`${name}, a list that points elsewhere, is forbidden_format and nothing foreign is opened`, async () => {
      const path = join(folder, name)
      const trace = join(folder, `${name}.trace`)
      await writeFile(path, text.replace('TARGET', join(folder, 'foreign.ts')))
      const strace = ['-f', '-qq', '-e', 'trace=open,openat,openat2,connect', '-o', trace]
      const { stdout } = await promisify(execFile)('strace', [...strace, process.execPath, CHECK, path])
      refused(JSON.parse(stdout), 'forbidden_format')
      const opened = await readFile(trace, 'utf8')
      assert.match(opened, new RegExp(`open.*${name}`))
      assert.doesNotMatch(opened, /foreign\.ts/)
      assert.doesNotMatch(opened, /AF_INET/)
    })
})
