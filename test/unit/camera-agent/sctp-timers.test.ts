import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type Association, quicken } from '@ownsight/camera-agent/rtc/sctp-timers'

const { RTCPeerConnection } = createRequire(import.meta.url)('werift') as typeof import('werift')

describe('the clocks of SCTP', () => {
  const association = (): Association => {
    const made = { rto: 3, timer1Failures: 0 }
    quicken(made)
    return made
  }

  it('repeats an opening soon, then less and less often, and gives up no sooner than after ten seconds', () => {
    const made = association()
    const waits = Array.from(
      { length: 9 },
      (_, failures) => Object.assign(made, { timer1Failures: failures }).rto,
    )
    assert.ok((waits[0] ?? 9) <= 0.4)
    assert.ok(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] ?? 0)))
    assert.ok(waits.reduce((sum, wait) => sum + wait) > 10)
  })

  it('follows the round trips that were measured, within bounds', () => {
    const made = association()
    Object.assign(made, { srtt: 0.1, rttvar: 0.01 })
    assert.equal(made.rto, 0.3, 'an acknowledgement may be held back for 200 ms')
    Object.assign(made, { srtt: 0.8, rttvar: 0.05 })
    assert.equal(made.rto, 1)
    Object.assign(made, { srtt: 0.2, rttvar: 0.4 })
    assert.equal(made.rto, 0.4, 'one slow reply does not make the next lost message wait three times as long')
    Object.assign(made, { srtt: 30, rttvar: 9 })
    assert.equal(made.rto, 8)
    made.rto = 60
    Object.assign(made, { srtt: 0.1, rttvar: 0.01 })
    assert.equal(made.rto, 0.3)
  })

  it('the library’s association has these parts', async () => {
    const pc = new RTCPeerConnection({ iceServers: [] })
    pc.createDataChannel('x')
    const { sctp } = pc.sctpTransport as unknown as {
      sctp: Association & { updateRto(seconds: number): void }
    }
    assert.equal(sctp.rto, 3)
    assert.equal(sctp.timer1Failures, 0)
    sctp.updateRto(0.2)
    assert.deepEqual([sctp.srtt, sctp.rttvar], [0.2, 0.1])
    assert.equal(sctp.rto, 1)
    quicken(sctp)
    assert.ok(Math.abs(sctp.rto - 0.4) < 1e-9)
    await pc.close()
  })
})
