import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connectSignaling } from '@ownsight/camera-agent/signaling-client'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import type { Socket } from 'socket.io-client'
import { type WebSocket, WebSocketServer } from 'ws'

/** A server that speaks engine.io and socket.io as far as a greeting, and then whatever a test wants. */
async function startServer(
  onGreeted: (socket: WebSocket) => void,
): Promise<{ origin: string; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise(resolve => server.once('listening', resolve))
  server.on('connection', socket => {
    socket.on('error', () => undefined)
    socket.send('0{"sid":"a","upgrades":[],"pingInterval":10000,"pingTimeout":8000,"maxPayload":100000000}')
    socket.on('message', data => {
      if (!String(data).startsWith('40/camera')) return
      socket.send('40/camera,{"sid":"b"}')
      onGreeted(socket)
    })
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

describe('the agent’s connection to signaling', () => {
  /** What became of one message of that many bytes: heard, or the connection given up. */
  async function tell(bytes: number): Promise<string> {
    const server = await startServer(socket => socket.send(`42/camera,["offer","${'A'.repeat(bytes - 22)}"]`))
    const became = Promise.withResolvers<string>()
    const client = connectSignaling({
      server: server.origin,
      namespace: 'camera',
      onOnline: (_: Socket) => undefined,
      onOffline: note => became.resolve(note),
    })
    client.socket.on('offer', (text: string) => became.resolve(`heard ${text.length + 22}`))
    try {
      return await became.promise
    } finally {
      client.close()
      server.close()
    }
  }

  it('hears what the protocol allows', async () => {
    assert.equal(await tell(SOCKET_MESSAGE_MAX_BYTES), `heard ${SOCKET_MESSAGE_MAX_BYTES}`)
  })

  it('gives up a server that says ten megabytes at once, before it has them', async () => {
    assert.match(await tell(10_000_000), /^connection to the signaling server lost/)
  })
})
