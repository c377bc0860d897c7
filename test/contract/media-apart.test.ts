import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SourceConfig } from '@ownsight/camera-agent/media/source-config'
import { startRtspServer } from '../support/rtsp-server.ts'
import { openShare, until } from '../support/share-watcher.ts'
import { writeSound } from '../support/sound-file.ts'

const PICTURES = fileURLToPath(new URL('../support/swapped-pipes.ts', import.meta.url))
const SOUNDS = fileURLToPath(new URL('../support/swapped-sounds.ts', import.meta.url))
/** Hz, of the cameras that are heard. */
const PITCHES = [440, 1000]
const PATTERN: SourceConfig = { kind: 'test-pattern', width: 320, height: 180, fps: 10 }
/** What a person at the screen is promised. */
const BACK_MS = 3000

type Story = { camId: string; codes: string[]; seen: string[] }[]
const run = async (...program: string[]) =>
  JSON.parse((await promisify(execFile)(process.execPath, program)).stdout)
const crossed = (...args: string[]): Promise<Story> => run(PICTURES, ...args)

describe('several cameras of one agent', function () {
  this.timeout(90_000)
  const closers: (() => Promise<unknown>)[] = []
  const open = (config: SourceConfig, camId: string) => {
    const { share, statuses } = openShare(config, { camId })
    closers.push(share.close)
    const times: number[] = []
    share.subscribe('h264', () => times.push(performance.now()))
    return { share, statuses, times, count: () => times.length }
  }
  afterEach(() => Promise.all(closers.splice(0).map(close => close())))

  it('whose pipes are crossed show no picture of each other; each process is ended, and then all is well', async () => {
    for (const { camId, codes, seen } of await crossed()) {
      assert.deepEqual(seen, [camId])
      // The first that finds out is ended, and the other may wait for what no longer comes.
      assert.ok(codes.includes('failed crashed') || codes.includes('failed timeout'), codes.join())
      assert.equal(codes.at(-1), 'live')
    }
  })

  it('would show them without the check: this test can see it', async () => {
    const story = await crossed('unchecked')
    assert.deepEqual(
      story.map(({ seen }) => seen),
      [['cam-b'], ['cam-a']],
    )
  })

  it('whose pipes are crossed are not heard for each other either; without the check they would be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'apart-'))
    closers.push(() => rm(folder, { recursive: true }))
    const files = PITCHES.map(pitch => join(folder, `${pitch}.mp4`))
    for (const [i, path] of files.entries()) await writeSound(path, 'aac', PITCHES[i])
    const near = (pitches: number[]) =>
      pitches.map(pitch => PITCHES.find(each => Math.abs(each - pitch) < 60))
    assert.deepEqual(near(await run(SOUNDS, ...files)), PITCHES)
    assert.deepEqual(near(await run(SOUNDS, ...files, 'unchecked')), PITCHES.toReversed())
  })

  it('are each read by a process of its own, under a user of its own, with no pipe in common', async () => {
    const cameras = ['a', 'b', 'c'].map(camId => open(PATTERN, camId))
    for (const { count } of cameras) await until(() => count() > 3, 'pictures')
    const pids = cameras.map(({ share }) => share.pid() as number)
    assert.equal(new Set(pids).size, 3)
    const field = async (pid: number, name: string) =>
      new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
    const uids = await Promise.all(pids.map(pid => field(pid, 'Uid')))
    if (process.getuid?.() === 0) assert.equal(new Set([...uids, '0']).size, 4)
  })

  for (const [what, config] of [
    ['a test pattern', async () => PATTERN],
    [
      'an RTSP camera',
      async (): Promise<SourceConfig> => {
        const server = await startRtspServer()
        closers.push(server.stop)
        return { kind: 'rtsp', url: server.url }
      },
    ],
  ] as const)
    it(`${what} whose process is killed has its picture back in three seconds, and the others miss nothing`, async () => {
      const victim = open(await config(), 'victim')
      const others = ['b', 'c'].map(camId => open(PATTERN, camId))
      for (const { count } of [victim, ...others]) await until(() => count() > 10, 'pictures')
      const killedAt = performance.now()
      const seen = victim.count()
      process.kill(victim.share.pid() as number, 'SIGKILL')
      await until(() => victim.statuses.some(({ code }) => code === 'crashed'), 'the end of the process')
      await until(() => victim.count() > seen + 5, 'the picture')
      const gone = (victim.times.find(time => time > killedAt + 100) ?? 0) - killedAt
      assert.ok(gone < BACK_MS, `${Math.round(gone)} ms`)
      for (const { times, statuses, share } of others) {
        const during = times.filter(time => time > killedAt - 200)
        const gap = Math.max(...during.slice(1).map((time, i) => time - (during[i] ?? 0)))
        assert.ok(gap < 1000, `a neighbour missed ${Math.round(gap)} ms`)
        assert.deepEqual(
          [share.status().state, statuses.some(({ code }) => code !== undefined)],
          ['live', false],
        )
      }
    })
})
