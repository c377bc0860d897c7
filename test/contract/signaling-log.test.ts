import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type SignalingProcess, spawnTestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

/** More than a pipe and the reader of the tests keep for whoever stops reading. */
const REQUESTS = 2500
/** A server ends within this time of SIGTERM, whatever became of its log; it gives its log up after one second. */
const ENDS_MS = 5000

describe('the log of a signaling server', function () {
  this.timeout(60_000)

  it('holds nobody up when its reader stops, and is written to the end when it reads again', async () => {
    const server = await spawnTestSignaling()
    try {
      const { stderr } = server.child
      stderr?.pause()
      await askMuch(server.origin)
      await ask(server.origin, '/nothing')
      stderr?.resume()
      await until(() => server.output().split('"kind":"other"').length === 2, {
        timeout: 10_000,
        what: 'the line of the last request',
      })
    } finally {
      await server.close()
    }
    assert.match(server.output(), /"event":"stopping"/, 'what was said last too')
  })

  it('may be lost: on a full disk the server answers all the same, and ends when it is told to', async function () {
    if (!existsSync('/dev/full')) return this.skip() // of Linux only
    const server = await spawnTestSignaling({ prefix: ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'] })
    try {
      await askMuch(server.origin)
      await ask(server.origin, '/nothing')
      assert.deepEqual(await endOf(server), [0, null])
    } finally {
      await discard(server)
    }
  })

  it('does not keep the server from its end when its reader has stopped', async () => {
    const server = await spawnTestSignaling()
    try {
      server.child.stderr?.pause()
      await askMuch(server.origin)
      assert.deepEqual(await endOf(server), [0, null])
    } finally {
      await discard(server)
    }
  })
})

/** The exit itself: `exited` waits until somebody has read all of stderr too. */
async function endOf({ child }: SignalingProcess): Promise<unknown[]> {
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(ENDS_MS) })
  child.kill('SIGTERM')
  return exit
}

/** Also where it did not end by itself. */
async function discard(server: SignalingProcess): Promise<void> {
  server.child.stderr?.resume()
  await server.kill('SIGKILL')
  await server.close()
}

async function askMuch(origin: string): Promise<void> {
  for (let i = 0; i < REQUESTS / 50; i++)
    await Promise.all(
      Array.from({ length: 50 }, (_, j) =>
        ask(origin, `/api/${['state', 'cameras', 'roster'][(i + j) % 3]}`),
      ),
    )
}

async function ask(origin: string, path: string): Promise<void> {
  const answer = await fetch(new URL(path, origin), { signal: AbortSignal.timeout(5000) })
  await answer.arrayBuffer()
}
