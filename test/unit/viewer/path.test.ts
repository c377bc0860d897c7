import assert from 'node:assert/strict'
import { pathOf } from '../../../viewer/src/rtc/stats.ts'

type End = { candidateType: string; relayProtocol?: string }

/** A report as browsers give it, with one pair in use. */
const report = (local: End, remote: End, more: object[] = []): RTCStatsReport =>
  new Map(
    [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' },
      { id: 'L', type: 'local-candidate', ...local },
      { id: 'R', type: 'remote-candidate', ...remote },
      ...more,
    ].map(each => [(each as { id: string }).id, each]),
  ) as unknown as RTCStatsReport

describe('the way the picture takes', () => {
  const host = { candidateType: 'host' }
  it('is direct, relayed at either end, or relayed because this end has no UDP', () => {
    assert.equal(pathOf(report(host, { candidateType: 'srflx' })), 'direct')
    assert.equal(pathOf(report({ candidateType: 'prflx' }, host)), 'direct')
    assert.equal(pathOf(report(host, { candidateType: 'relay' })), 'relayed')
    assert.equal(pathOf(report({ candidateType: 'relay', relayProtocol: 'udp' }, host)), 'relayed')
    for (const relayProtocol of ['tcp', 'tls'])
      assert.equal(pathOf(report({ candidateType: 'relay', relayProtocol }, host)), 'no_udp')
  })

  it('is that of the pair in use, not of another one', () => {
    const other = {
      id: 'O',
      type: 'candidate-pair',
      nominated: true,
      state: 'succeeded',
      localCandidateId: 'L2',
    }
    const relay = { id: 'L2', type: 'local-candidate', candidateType: 'relay', relayProtocol: 'tcp' }
    assert.equal(pathOf(report(host, host, [other, relay])), 'direct')
  })

  it('is unknown before there is one', () => {
    assert.equal(pathOf(new Map() as unknown as RTCStatsReport), undefined)
  })
})
