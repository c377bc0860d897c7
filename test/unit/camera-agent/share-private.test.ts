import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RtspServer, startRtspServer } from '../../support/rtsp-server.ts'
import { alive, openShare, view } from '../../support/share-watcher.ts'
import { until } from '../../support/wait.ts'

/** TCP connections on this machine to a port, as both ends have them. */
const connectionsTo = (port: number): number => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter(line => new RegExp(`^ *\\d+: \\S+ [0-9A-F]{8}:${hex} 01 `).test(line)).length
}
const children = (): number[] =>
  readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => {
      try {
        readlinkSync(`/proc/${pid}/cwd`)
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('source-process') && parentOf(pid)
      } catch {
        return false
      }
    })
const parentOf = (pid: number): boolean =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[1],
  ) === process.pid

describe('a private camera', function () {
  this.timeout(60_000)
  let server: RtspServer
  before(async () => {
    server = await startRtspServer()
  })
  after(() => server.stop())

  it('M-6.27 has no source, whoever wishes for one', async () => {
    const { share } = openShare({ kind: 'test-pattern', width: 160, height: 90, fps: 5 })
    try {
      view(share)
      await until(() => share.status().state !== 'closed', { timeout: 10_000, what: 'the source' })
      share.setPrivate(true)
      assert.deepEqual([share.status().state, share.pid(), share.viewers()], ['closed', undefined, 0])
      view(share)
      await sleep(20)
      assert.deepEqual([share.status().state, share.pid(), share.viewers()], ['closed', undefined, 0])
    } finally {
      await share.close()
    }
  })

  it('closes its source: no process, no connection; nobody’s wish opens it; then it opens again', async () => {
    const { share, statuses } = openShare({ kind: 'rtsp', url: server.url })
    try {
      const before = view(share)
      await before.first(5)
      const pid = share.pid() ?? 0
      assert.ok(connectionsTo(server.port) > 0)
      share.setPrivate(true)
      assert.deepEqual([share.viewers(), share.pid(), share.status().state], [0, undefined, 'closed'])
      await until(async () => !(await alive(pid)), { timeout: 10_000, what: 'the end of the source process' })
      await until(() => connectionsTo(server.port) === 0, {
        timeout: 10_000,
        what: 'the end of the connection',
      })
      const had = before.frames.length
      const hopeful = view(share)
      await sleep(500)
      assert.deepEqual([before.frames.length, hopeful.frames.length, children()], [had, 0, []])
      assert.equal(statuses.at(-1)?.state, 'closed')

      share.setPrivate(false)
      await sleep(200)
      assert.deepEqual(children(), [], 'it opens on demand only')
      await view(share).first(5)
    } finally {
      await share.close()
    }
  })
})
