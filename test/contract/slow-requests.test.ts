import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { startTestSignaling, type TestSignaling } from '../support/signaling.ts'
import { until } from '../support/wait.ts'

/** Node's own patience is a minute for a head and five for a body; whoever reads nothing it would keep for ever. */
describe('who does not come to an end with a request', () => {
  let server: TestSignaling
  const sockets: Socket[] = []
  before(async () => {
    server = await startTestSignaling()
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await server.close()
  })

  function open(first: string): Socket {
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
    socket.resume()
    socket.write(first)
    sockets.push(socket)
    return socket
  }

  it('is cut off: in the head, in the body, with nothing said, and with nothing read', async () => {
    const host = new URL(server.origin).host
    const head = `Host: ${host}\r\nOrigin: ${server.origin}\r\n`
    const slow = [
      open(`GET / HTTP/1.1\r\n${head}X-Slow: `),
      open(
        `POST /api/sign-in HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{`,
      ),
    ]
    open('')
    const deaf = open(`GET /api/state HTTP/1.1\r\n${head}\r\n`.repeat(5))
    deaf.pause()
    let asked = 0
    const drip = setInterval(() => {
      for (const socket of slow) socket.write('a')
      // A paused socket learns of its end by writing.
      if (asked++ > 160) deaf.write('G')
    }, 100)
    try {
      const left = () => sockets.flatMap((socket, i) => (socket.destroyed ? [] : [i]))
      await until(() => left().length === 0, { timeout: 26_000, what: 'the end of all four' }).catch(() =>
        assert.fail(`still open: ${left().join()}`),
      )
    } finally {
      clearInterval(drip)
    }
  })
})
