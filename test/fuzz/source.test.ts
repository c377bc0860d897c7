import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { checkSource } from '@ownsight/camera-agent/media/check'
import { SOURCE_CODES, type SourceStatus } from '@ownsight/camera-agent/media/source-status'
import fc from 'fast-check'
import { type Chance, chance, mutatePacket, mutateText } from '../bench/input/chance.ts'
import { type RtspServer, startRtspServer } from '../support/rtsp-server.ts'
import { removeTemp, tempFolder } from '../support/temp.ts'
import { writeVideo } from '../support/video-file.ts'

/** Sources of each kind; FUZZ_SEED repeats one run. */
const runs = process.env.OWNSIGHT_LONG ? 100 : 4
const seed = Number(process.env.FUZZ_SEED ?? (process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1))
const SECRETS = /s3cret|rtsp:|127\.0\.0\.1|\/tmp/

/** What the owner is told is one sentence of ours, or nothing. */
function isTold({ state, code, note }: SourceStatus): void {
  assert.ok(['live', 'failed'].includes(state), state)
  if (state === 'failed') assert.ok(SOURCE_CODES.includes(code as never), String(code))
  assert.match(note ?? 'It is.', /^[A-Z].*\.$/)
  assert.doesNotMatch(JSON.stringify({ code, note }), SECRETS)
}

/** Between a client and the camera at `port`: its replies and packets come, but not all as it said them. */
function liar(port: number, by: Chance): Server {
  const lie = (data: Buffer): Buffer => {
    const isReply = data.subarray(0, 5).toString() === 'RTSP/'
    if (by.below(isReply ? 2 : 6) > 0) return data
    return isReply ? Buffer.from(mutateText(data.toString('latin1'), by), 'latin1') : mutatePacket([data], by)
  }
  return createServer((client: Socket) => {
    const camera = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [client, camera],
      [camera, client],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy())
    client.on('data', data => camera.write(data))
    camera.on('data', (data: Buffer) => client.write(lie(data)))
  })
}

describe('fuzz: a source that says anything', function () {
  this.timeout(runs * 60_000)
  let folder = ''
  let camera: RtspServer
  before(async () => {
    folder = tempFolder('fuzz')
    camera = await startRtspServer({ user: 'ann', password: 's3cret' })
  })
  after(async () => {
    await camera.stop()
    removeTemp(folder)
  })

  const seeds = (): number[] => fc.sample(fc.nat(), { numRuns: runs, seed })

  it(`RTSP: replies and packets changed on the way (seed ${seed})`, async () => {
    for (const each of seeds()) {
      const between = liar(camera.port, chance(each))
      await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve))
      const { port } = between.address() as AddressInfo
      const status = await checkSource({ kind: 'rtsp', url: `rtsp://ann:s3cret@127.0.0.1:${port}/camera` })
      between.close()
      isTold(status)
    }
  })

  for (const muxer of ['mp4mux', 'mpegtsmux', 'matroskamux'])
    it(`a file of ${muxer} with bytes changed (seed ${seed})`, async () => {
      const path = join(folder, muxer)
      await writeVideo(path, 'baseline', muxer)
      const whole = readFileSync(path)
      for (const each of seeds()) {
        const by = chance(each)
        const bytes = Buffer.from(whole)
        // Where a demuxer looks: its head, its end, and anywhere.
        for (let i = by.below(60); i > 0; i--) {
          const at = by.pick([by.below(2000), bytes.length - 1 - by.below(2000), by.below(bytes.length)])
          bytes[at] = by.below(256)
        }
        writeFileSync(path, by.below(4) > 0 ? bytes : bytes.subarray(0, by.below(bytes.length)))
        isTold(await checkSource({ kind: 'file', path }))
      }
    })

  it('and an honest source is live afterwards', async () => {
    assert.equal((await checkSource({ kind: 'rtsp', url: camera.url })).state, 'live')
  })
})
