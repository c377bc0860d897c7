import assert from 'node:assert/strict'
import { join } from 'node:path'
import { isServing, startAgent } from '../support/agent.ts'
import { createOwner, type Owner, pairCamera, readPolicy, updatePolicy } from '../support/owner.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'

const support = join(import.meta.dirname, '../support')

/**
 * Kill -9 alone cannot show that data reached the disk, since the page cache survives it: a system call trace can.
 * The agent runs under strace and marks its steps there.
 */
describe('fsync before the ack', function () {
  this.timeout(120_000)
  let signaling: TestSignaling
  let owner: Owner
  before(async () => {
    signaling = await startTestSignaling()
    owner = await createOwner(signaling.origin, { token: signaling.setupToken })
  })
  after(async () => {
    owner.close()
    await signaling.close()
  })

  /** Pairs and updates a policy under strace; returns the trace, each line one call in order of completion. */
  async function trace(without: Record<string, string> = {}): Promise<string[]> {
    const agent = startAgent({
      server: signaling.origin,
      prefix: [
        'strace',
        '-f',
        '-qq',
        '-y',
        '-e',
        'trace=fsync,fdatasync,rename,renameat,renameat2,write',
        '-s',
        '64',
      ],
      nodeArgs: ['--import', join(support, 'trace-steps.ts'), '--import', join(support, 'without.ts')],
      env: without,
    })
    try {
      const camera = await pairCamera(owner, await agent.code())
      await agent.report(isServing)
      await updatePolicy(owner, camera, await readPolicy(owner, camera), { privacy: true })
    } finally {
      await agent.kill('SIGKILL')
    }
    const lines = agent.stderr().split('\n')
    await agent.dispose()
    return lines
  }

  /** Between the acceptance of a message and the step that follows the write: file synced, renamed, folder synced. */
  function durable(lines: string[], accepted: string, committed: string): boolean {
    const from = lines.findIndex(line => line.includes(`step ${accepted}`))
    const to = lines.findIndex((line, i) => i > from && line.includes(`step ${committed}`))
    assert.ok(from >= 0 && to > from, `the trace shows ${accepted} and ${committed}`)
    const calls = lines.slice(from, to)
    const file = calls.findIndex(line => /f(data)?sync\(\d+<[^>]*state\.json\.new>/.test(line))
    const renamed = calls.findIndex(line => /rename/.test(line) && line.includes('state.json'))
    const folder = calls.findIndex(line => /fsync\(\d+<[^>]*\/cameras\/[^/>]*>/.test(line))
    return file >= 0 && renamed > file && folder > renamed
  }

  it('a pairing and a policy are on disk, file and folder, before they are acknowledged', async () => {
    const lines = await trace()
    assert.ok(durable(lines, 'pair.third.accepted', 'pair.committed'))
    assert.ok(durable(lines, 'policy.accepted', 'policy.committed'))
    const committed = lines.findIndex(line => line.includes('step policy.committed'))
    assert.ok(lines.findIndex(line => line.includes('step policy.acked')) > committed)
  })

  for (const text of ['await file.sync()', 'await folder.sync()']) {
    it(`the trace notices when "${text}" is removed`, async () => {
      const lines = await trace({ WITHOUT_FILE: 'camera-agent/src/durable-file.ts', WITHOUT_TEXT: text })
      assert.equal(durable(lines, 'policy.accepted', 'policy.committed'), false)
    })
  }
})
