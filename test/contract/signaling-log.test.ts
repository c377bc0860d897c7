import assert from 'node:assert/strict'
import { spawnTestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

/** More than a pipe and the reader of the tests keep for whoever stops reading. */
const REQUESTS = 2500

describe('the log of a signaling server', function () {
  this.timeout(60_000)

  it('holds nobody up when its reader stops, and is written to the end when it reads again', async () => {
    const server = await spawnTestSignaling()
    try {
      const { stderr } = server.child
      stderr?.pause()
      for (let i = 0; i < REQUESTS / 50; i++)
        await Promise.all(
          Array.from({ length: 50 }, (_, j) =>
            ask(server.origin, `/api/${['state', 'cameras', 'roster'][(i + j) % 3]}`),
          ),
        )
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
})

async function ask(origin: string, path: string): Promise<void> {
  const answer = await fetch(new URL(path, origin), { signal: AbortSignal.timeout(5000) })
  await answer.arrayBuffer()
}
