import assert from 'node:assert/strict'
import { join } from 'node:path'
import { start } from '../../support/processes.ts'
import { removeTemp, tempFolder } from '../../support/temp.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** What is removed from the guard while the agent loads: for each the agent must refuse to start. */
const REMOVED: [string, string, string][] = [
  ['the whole guard', 'src/main.ts', '  installGuard()\n'],
  ['the DTLS server’s guard', 'rtc/dtls-guard.ts', '  installServerGuard()\n'],
  ['the transport’s guard', 'rtc/dtls-guard.ts', '  installTransportGuard()\n'],
  ['the ICE guard', 'rtc/dtls-guard.ts', '  installIceGuard()\n'],
  ['the nonce’s mending', 'guard/retransmission.ts', '  installNonceFix()\n'],
  ['SRTP’s replay window', 'rtc/dtls-guard.ts', '    rejectReplays(this)\n'],
  ['the judgement of SCTP', 'rtc/sctp-gate.ts', 'if (isSound(data, sctp)) '],
  ['the one description', 'rtc/dtls-guard.ts', '  installSingleDescription()\n'],
  ['the replay window', 'guard/server-session.ts', ' || window.seen(record.sequence)'],
  [
    'the rollover of RTP’s numbers',
    'send/packet-path.ts',
    '    if (sequence === 0 && streams.has(ssrc)) stream.rollover++\n',
  ],
]

describe('attack 18: the agent with a part of its guard removed exits non-zero', function () {
  this.timeout(30_000)
  let data = ''
  before(() => {
    data = tempFolder('guard-start')
  })
  after(() => removeTemp(data))

  for (const [what, file, text] of REMOVED)
    it(what, async () => {
      const args = ['--server', 'https://127.0.0.1:1', '--data', join(data, 'agent')]
      const agent = start(
        process.execPath,
        ['--import', join(root, 'test/support/without.ts'), join(root, 'camera-agent/src/main.ts'), ...args],
        { env: { ...process.env, WITHOUT_FILE: file, WITHOUT_TEXT: text } },
      )
      const { code } = await agent.exited
      assert.equal(code, 70, agent.stderr())
      assert.match(agent.stderr(), /self-test "[^"]+" did not hold/)
    })
})
