import assert from 'node:assert/strict'
import { hasProved, installGuard } from '@ownsight/camera-agent/rtc/dtls-guard'
import { type Keys, loopback, makeKeys } from '@ownsight/camera-agent/rtc/loopback'
import fc from 'fast-check'
import { type Chance, chance, mutatePacket } from '../bench/input/chance.ts'

/** Handshakes; FUZZ_SEED repeats one run. */
const runs = process.env.OWNSIGHT_LONG ? 5000 : 80
const seed = Number(process.env.FUZZ_SEED ?? (process.env.OWNSIGHT_LONG ? Date.now() % 2 ** 31 : 1))
const PATIENCE_MS = 400
const RECORD_HEADER = 13
const HANDSHAKE_HEADER = 12

/** A record whose body was changed, with lengths that fit again: so that it is read, not passed over. */
function bent(datagram: Buffer, by: Chance): Buffer {
  if (datagram.length < RECORD_HEADER + HANDSHAKE_HEADER + 1) return mutatePacket([datagram], by)
  const start = RECORD_HEADER + HANDSHAKE_HEADER
  const body = mutatePacket([datagram.subarray(start, RECORD_HEADER + datagram.readUInt16BE(11))], by)
  const head = Buffer.from(datagram.subarray(0, start))
  head.writeUInt16BE(body.length + HANDSHAKE_HEADER, 11)
  head.writeUIntBE(body.length, RECORD_HEADER + 1, 3)
  head.writeUIntBE(0, RECORD_HEADER + 6, 3)
  head.writeUIntBE(body.length, RECORD_HEADER + 9, 3)
  return Buffer.concat([head, body])
}

describe('fuzz: the handshake of a peer that has proved nothing yet', function () {
  this.timeout(Math.max(60_000, runs * 1000))
  // Mocha passes over a rejection that nobody handles; the agent would end with it.
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  let keys: { server: Keys; client: Keys }
  before(async () => {
    installGuard()
    process.on('unhandledRejection', note)
    keys = { server: await makeKeys(), client: await makeKeys() }
  })
  after(() => process.off('unhandledRejection', note))

  it(`any of its messages bent, at any place: refused, waited for, or right; never more (seed ${seed})`, async () => {
    const outcomes = { connected: 0, refused: 0, waiting: 0 }
    for (const each of fc.sample(fc.nat(), { numRuns: runs, seed })) {
      const by = chance(each)
      let bends = 0
      const line = loopback(keys, {
        wire: (data, to) => {
          if (to === 'client' || by.below(4) > 0) return [{ data }]
          bends++
          return by.below(2) > 0 ? [{ data: bent(data, by) }] : [{ data }, { data: bent(data, by) }]
        },
      })
      const outcome = await line.outcome(PATIENCE_MS)
      if (outcome === undefined) outcomes.waiting++
      else if (outcome === 'connected') outcomes.connected++
      else outcomes.refused++
      assert.ok(outcome !== 'connected' || hasProved(line.server), `connected after ${bends} bent messages`)
      line.close()
    }
    assert.deepEqual(unhandled, [])
    assert.ok(outcomes.connected > 0 && outcomes.connected < runs, JSON.stringify(outcomes))
  })
})
