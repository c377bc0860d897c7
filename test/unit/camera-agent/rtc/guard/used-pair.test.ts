import assert from 'node:assert/strict'
import type { Address, CandidatePair, IceConnection } from '@ownsight/camera-agent/rtc/guard/internals'
import { usedPair } from '@ownsight/camera-agent/rtc/guard/used-pair'

const WAITING = 1
const SUCCEEDED = 3
const peer: Address = ['192.0.2.7', 40_000]
const hello = Buffer.from([22, 0xfe, 0xfd])

/** A connection with one pair, at a time that the test sets. */
function stage(change: Partial<IceConnection> = {}, state = SUCCEEDED) {
  let time = 1000
  const completed: CandidatePair[] = []
  const [protocol, other] = [{} as never, {} as never]
  const pair = { state, nominated: false, protocol, remoteAddr: peer }
  const connection = {
    nominated: undefined,
    iceControlling: false,
    checkList: [pair],
    checkComplete: (each: CandidatePair) => completed.push(each),
    ...change,
  } as unknown as IceConnection
  const note = usedPair(connection, () => time)
  return {
    pair,
    completed,
    connection,
    /** something comes from the peer at this moment */
    comes(at: number, { data = hello, from = peer, via = protocol } = {}): void {
      time = 1000 + at
      note(via, from, data)
    },
    other,
  }
}

describe('a pair in use that nobody nominated', () => {
  it('is taken for the nominated one once DTLS has come over it for 900 ms', () => {
    const { pair, completed, comes } = stage()
    comes(0)
    comes(899)
    assert.deepEqual([pair.nominated, completed], [false, []])
    comes(900)
    assert.deepEqual([pair.nominated, completed], [true, [pair]])
  })

  it('is not, where the peer has nominated one meanwhile', () => {
    const { pair, connection, completed, comes } = stage()
    comes(0)
    Object.assign(connection, { nominated: pair })
    comes(2000)
    assert.deepEqual(completed, [])
  })

  it('is not, where nominating is our part', () => {
    const { completed, comes } = stage({ iceControlling: true })
    comes(0)
    comes(2000)
    assert.deepEqual(completed, [])
  })

  it('is not, where its own check has not succeeded; the time begins when it has', () => {
    const { pair, completed, comes } = stage({}, WAITING)
    comes(0)
    comes(1000)
    pair.state = SUCCEEDED
    comes(1100)
    comes(1900)
    assert.deepEqual(completed, [])
    comes(2000)
    assert.deepEqual(completed, [pair])
  })

  it('is the one it came over, not another', () => {
    const { completed, comes, other } = stage()
    for (const way of [
      { from: ['192.0.2.8', 40_000] as Address },
      { from: ['192.0.2.7', 40_001] as Address },
      { via: other },
    ]) {
      comes(0, way)
      comes(1000, way)
    }
    assert.deepEqual(completed, [])
  })

  it('begins anew where the peer changes over', () => {
    const { pair, connection, completed, comes, other } = stage()
    const second = { ...pair, protocol: other }
    connection.checkList.push(second)
    comes(0)
    comes(800, { via: other })
    comes(1000)
    assert.deepEqual(completed, [])
    comes(1900)
    assert.deepEqual(completed, [pair])
  })

  for (const [first, isDtls] of [
    [19, false],
    [20, true],
    [63, true],
    [64, false],
  ] as const)
    it(`a datagram that begins with ${first} is ${isDtls ? '' : 'not '}DTLS`, () => {
      const { completed, comes } = stage()
      comes(0, { data: Buffer.from([first]) })
      comes(1000, { data: Buffer.from([first]) })
      assert.equal(completed.length, isDtls ? 1 : 0)
    })

  it('an empty datagram is nothing', () => {
    const { completed, comes } = stage()
    comes(0, { data: Buffer.alloc(0) })
    comes(1000, { data: Buffer.alloc(0) })
    assert.deepEqual(completed, [])
  })
})
