import assert from 'node:assert/strict'
import { join } from 'node:path'
import { generateKeyPair } from '@ownsight/protocol/ids'
import { isServing, startAgent } from '../support/agent.ts'
import { watchLive } from '../support/live-session.ts'
import { createOwner, type Owner, pairCamera } from '../support/owner.ts'
import { change, invite, redeem, release } from '../support/owner-powers.ts'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'

const CALLS = 'fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,write'
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

  /** One of everything that is confirmed, under strace; returns the trace, each line one call in order of completion. */
  async function trace(without: Record<string, string> = {}): Promise<string[]> {
    const agent = startAgent({
      server: signaling.origin,
      prefix: ['strace', '-f', '-qq', '-y', '-e', `trace=${CALLS}`, '-s', '64'],
      nodeArgs: ['--import', join(support, 'trace-steps.ts'), '--import', join(support, 'without.ts')],
      env: without,
    })
    try {
      const camera = await pairCamera(owner, await agent.code())
      await agent.report(isServing)
      const { socket, admin, view } = owner
      await change(socket, admin, camera, [{ op: 'rights', k: view.id, r: ['view'] }])
      const exp = Math.floor(Date.now() / 1000) + 3600
      const link = await invite(socket, admin, camera, { r: ['view'], exp })
      await redeem(socket, link, await generateKeyPair())
      await (await watchLive({ view, socket }, camera)).close()
      await release(socket, admin, camera)
      await agent.report(report => report.event === 'released')
    } finally {
      await agent.kill('SIGKILL')
    }
    const lines = agent.stderr().split('\n')
    await agent.dispose()
    return lines
  }

  /** What happened from one step to the next one named so. */
  function between(lines: string[], first: string, last: string): string[] {
    const from = lines.findIndex(line => line.includes(`step ${first}`))
    const to = lines.findIndex((line, i) => i > from && line.includes(`step ${last}`))
    assert.ok(from >= 0 && to > from, `the trace shows ${first} and ${last}`)
    return lines.slice(from, to)
  }
  const syncOf = (name: string) => new RegExp(`f(data)?sync\\(\\d+<[^>]*${name}>`)
  const folderSync = syncOf('/cameras/[^/>]*')

  /** File synced, renamed, folder synced. */
  function replaced(calls: string[], name: string): boolean {
    const file = calls.findIndex(line => syncOf(`${name}\\.new`).test(line))
    const renamed = calls.findIndex((line, i) => i > file && /rename/.test(line) && line.includes(name))
    const folder = calls.findIndex((line, i) => i > renamed && folderSync.test(line))
    return file >= 0 && renamed > file && folder > renamed
  }
  const durable = (lines: string[], first: string, last: string) =>
    replaced(between(lines, first, last), 'state.json')

  /** Each line of the log: synced between its writing and its being kept; the folder too where the file is new. */
  function logged(lines: string[]): boolean {
    const begun = lines.flatMap((line, i) => (line.includes('step log.line.begun') ? [i] : []))
    return begun.every(at => {
      const calls = between(lines.slice(at), 'log.line.begun', 'log.line.kept')
      const made = calls.some(line => line.includes('step log.segment.made'))
      const file = calls.findIndex(line => syncOf('log-\\d+\\.jsonl').test(line))
      return file >= 0 && (!made || calls.slice(file).some(line => folderSync.test(line)))
    })
  }
  /** The new key, then the end of the log and of the state, each with the folder synced, before it is confirmed. */
  function forgotten(lines: string[]): boolean {
    const key = replaced(between(lines, 'reset.accepted', 'reset.key.replaced'), 'key.json')
    const log = between(lines, 'reset.key.replaced', 'reset.log.erased')
    const state = between(lines, 'reset.log.erased', 'reset.state.erased')
    const erased = (calls: string[], name: string): boolean => {
      const gone = calls.findIndex(line => /unlink/.test(line) && line.includes(`${name}"`))
      return gone >= 0 && calls.slice(gone).some(line => folderSync.test(line))
    }
    between(lines, 'reset.state.erased', 'reset.acked')
    return key && erased(log, '.jsonl') && erased(state, 'state.json')
  }

  it('whatever is confirmed is on disk before, file and folder', async () => {
    const lines = await trace()
    assert.ok(durable(lines, 'pair.third.accepted', 'pair.committed'), 'pairing')
    assert.ok(durable(lines, 'policy.accepted', 'policy.committed'), 'policy')
    between(lines, 'policy.committed', 'policy.acked')
    assert.ok(durable(lines, 'redeem.accepted', 'redeem.committed'), 'redemption')
    between(lines, 'redeem.committed', 'redeem.acked')
    assert.ok(logged(lines), 'log')
    assert.ok(forgotten(lines), 'release')
  })

  for (const [text, what] of [
    ['await file.sync()', 'the file'],
    ['await folder.sync()', 'the folder'],
  ] as const)
    it(`the trace notices when ${what} is not synced: "${text}" removed`, async () => {
      const lines = await trace({ WITHOUT_FILE: 'camera-agent/src/durable-file.ts', WITHOUT_TEXT: text })
      assert.equal(durable(lines, 'policy.accepted', 'policy.committed'), false, 'policy')
      assert.equal(durable(lines, 'redeem.accepted', 'redeem.committed'), false, 'redemption')
      assert.equal(forgotten(lines), false, 'release')
    })

  for (const text of ['await target.sync()', 'await syncFolder(folder)'])
    it(`the trace notices when the log is not synced: "${text}" removed`, async () => {
      const lines = await trace({ WITHOUT_FILE: 'camera-agent/src/log-segments.ts', WITHOUT_TEXT: text })
      assert.equal(logged(lines), false)
    })

  it('the trace notices when the erased log is not synced', async () => {
    const text = 'await removeWritten(join(folder, BASE_FILE))\n  await syncFolder(folder)'
    const lines = await trace({ WITHOUT_FILE: 'camera-agent/src/reset.ts', WITHOUT_TEXT: text })
    assert.equal(forgotten(lines), false)
  })
})
