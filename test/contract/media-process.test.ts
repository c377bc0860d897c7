import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { SourceConfig } from '@ownsight/camera-agent/media/source-config'
import { type RtspServer, startRtspServer } from '../support/rtsp-server.ts'
import { alive, openShare, until, view } from '../support/share-watcher.ts'

const PATTERN: SourceConfig = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
const HOLDER = fileURLToPath(new URL('../support/hold-source.ts', import.meta.url))

const status = async (pid: number, field: string) =>
  new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

/** Processes whose parent is `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

async function gone(pid: number, ms = 3000) {
  const end = performance.now() + ms
  while (await alive(pid)) {
    assert.ok(performance.now() < end, `process ${pid} is still there`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Milliseconds of every timer that `work` sets while it runs. */
function timersSetBy(work: () => void): (number | undefined)[] {
  const set: (number | undefined)[] = []
  const { setTimeout: real } = globalThis
  globalThis.setTimeout = ((...args: Parameters<typeof real>) => {
    set.push(args[1])
    return real(...args)
  }) as typeof real
  try {
    work()
  } finally {
    globalThis.setTimeout = real
  }
  return set
}

describe('media process', function () {
  this.timeout(60_000)
  const closers: (() => Promise<unknown>)[] = []
  const open = (config: SourceConfig = PATTERN, options = {}) => {
    const opened = openShare(config, options)
    closers.push(opened.share.close)
    return opened
  }
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))

  it('is one for three viewers, who get the very same payloads', async () => {
    const before = await childrenOf(process.pid)
    const { share } = open()
    const viewers = [view(share), view(share), view(share)]
    for (const viewer of viewers) await viewer.first(10)
    assert.equal(share.viewers(), 3)
    const started = (await childrenOf(process.pid)).filter(pid => !before.includes(pid))
    assert.deepEqual(started, [share.pid()])
    const [first, second] = viewers
    assert.equal(first?.frames[5]?.payloads[0], second?.frames[5]?.payloads[0])
  })

  it('gives a joiner the current group at once, its time going on into the live frames', async () => {
    const { share } = open()
    const first = view(share)
    await until(
      () => first.frames.length > 12 && !first.frames.at(-1)?.key && first.frames.at(-2),
      'a group begun',
    )
    const joiner = view(share)
    await Promise.resolve()
    assert.equal(joiner.frames[0]?.key, true)
    assert.equal(joiner.frames.at(-1)?.payloads, first.frames.at(-1)?.payloads)
    const burst = joiner.frames.length
    await joiner.first(burst + 5)
    const times = joiner.frames.map(frame => frame.timestamp)
    assert.ok(
      times.slice(1).every((time, i) => time > (times[i] ?? 0)),
      String(times),
    )
  })

  it('encodes only what is watched', async () => {
    const { share } = open()
    const vp8 = view(share, 'vp8')
    await vp8.first(5)
    const h264 = view(share, 'h264')
    await h264.first(5)
    assert.equal(h264.frames[0]?.key, true)
    vp8.close()
    const seen = vp8.frames.length
    await h264.first(h264.frames.length + 8)
    assert.equal(vp8.frames.length, seen)
    const late = view(share, 'vp8')
    await late.first(3)
    assert.equal(late.frames[0]?.key, true)
  })

  it('ends a little after the last viewer left, and not while one is back in time', async () => {
    const { share, statuses } = open(PATTERN, { lingerMs: 700 })
    const viewer = view(share)
    await viewer.first(3)
    const pid = share.pid() as number
    viewer.close()
    const again = view(share)
    await again.first(15)
    assert.equal(share.pid(), pid)
    again.close()
    assert.ok(await alive(pid))
    await until(() => share.status().state === 'closed', 'closed', 3000)
    await gone(pid)
    assert.deepEqual(
      statuses.map(({ state }) => state),
      ['opening', 'live', 'closed'],
    )
    const fresh = view(share)
    await fresh.first(1)
    assert.equal(fresh.frames[0]?.key, true)
    assert.notEqual(share.pid(), pid)
  })

  it('by itself stays open for half a minute: who lost the path comes back to a picture', async () => {
    const { share } = open(PATTERN, { lingerMs: undefined as never })
    const viewer = view(share)
    await viewer.first(3)
    const vp8 = view(share, 'vp8')
    await vp8.first(3)
    assert.deepEqual(
      timersSetBy(vp8.close),
      [5000],
      'less for an encoding that nobody takes while others watch',
    )
    assert.deepEqual(timersSetBy(viewer.close), [30_000])
  })

  it('killed is crashed and reconnecting, then another one is live', async () => {
    const { share, statuses } = open()
    const viewer = view(share)
    await viewer.first(3)
    const pid = share.pid() as number
    process.kill(pid, 'SIGKILL')
    await until(() => statuses.some(({ code }) => code === 'crashed'), 'crashed')
    const seen = viewer.frames.length
    await viewer.first(seen + 3)
    assert.equal(share.status().state, 'live')
    assert.notEqual(share.pid(), pid)
    assert.equal(viewer.frames[seen]?.key, true)
  })

  it('is not root, holds no capability, and shows nothing of the agent’s environment', async () => {
    process.env.MEDIA_TEST_SECRET = 's3cret'
    const { share } = open()
    await view(share).first(1)
    const pid = share.pid() as number
    delete process.env.MEDIA_TEST_SECRET
    assert.doesNotMatch(await readFile(`/proc/${pid}/environ`, 'latin1'), /s3cret/)
    const uids = (await status(pid, 'Uid')).split('\t')
    if (process.getuid?.() === 0) assert.ok(uids.every(uid => Number(uid) >= 61_184))
    assert.equal(Number.parseInt(await status(pid, 'CapEff'), 16), 0)
    if (process.getuid?.() === 0) assert.equal((await status(pid, 'Groups')).trim(), '')
  })

  describe('reading RTSP', () => {
    let server: RtspServer
    before(async () => {
      server = await startRtspServer({ user: 'ann', password: 's3cret' })
    })
    after(() => server.stop())

    it('never shows the password in its arguments or environment', async () => {
      const { share, statuses } = open({ kind: 'rtsp', url: server.url })
      await view(share).first(3)
      for (const file of ['cmdline', 'environ'])
        assert.doesNotMatch(await readFile(`/proc/${share.pid()}/${file}`, 'latin1'), /s3cret|rtsp:/)
      assert.doesNotMatch(JSON.stringify(statuses), /s3cret|rtsp:/)
    })

    it('dies with an agent that is killed, and the agent printed nothing secret', async () => {
      for (const config of [{ kind: 'rtsp', url: server.url }, PATTERN]) {
        const holder = spawn(process.execPath, [HOLDER], { stdio: ['pipe', 'pipe', 'pipe'] })
        let printed = ''
        holder.stdout.on('data', chunk => {
          printed += chunk
        })
        holder.stderr.on('data', chunk => {
          printed += chunk
        })
        holder.stdin.end(JSON.stringify(config))
        const pid = await until(() => /live (\d+)/.exec(printed)?.[1], 'a live source')
        assert.ok(await alive(Number(pid)))
        const exit = once(holder, 'exit')
        holder.kill('SIGKILL')
        await exit
        await gone(Number(pid))
        assert.doesNotMatch(printed, /s3cret|rtsp:/)
      }
    })
  })
})
