import assert from 'node:assert/strict'
import { relayGrants } from '@ownsight/camera-agent/relay-grant'

const grant = { urls: ['turn:relay.example'], username: '1:a', credential: 'c', exp: 1 }

/** A connection that answers with `reply` and counts what it is asked. */
function connection() {
  const socket = {
    connected: true,
    id: 'one',
    asked: 0,
    reply: { grant } as unknown,
    timeout: () => ({
      emitWithAck: async () => {
        socket.asked++
        if (socket.reply instanceof Error) throw socket.reply
        return socket.reply
      },
    }),
  }
  return { socket, grants: relayGrants(socket as never) }
}

describe('the relays that signaling lends to a camera', () => {
  it('are asked for once while they are fresh', async () => {
    const { socket, grants } = connection()
    assert.deepEqual(await grants(), grant)
    assert.deepEqual(await grants(), grant)
    assert.equal(socket.asked, 1)
  })

  it('that there are none is an answer, until the next connection', async () => {
    const { socket, grants } = connection()
    socket.reply = { hint: 'no_relays' }
    for (let i = 0; i < 3; i++) assert.equal(await grants(), undefined)
    assert.equal(socket.asked, 1)
    Object.assign(socket, { id: 'two', reply: { grant } })
    assert.deepEqual(await grants(), grant)
  })

  it('serve on without a connection, and through an answer that is none', async () => {
    const { socket, grants } = connection()
    await grants()
    socket.connected = false
    assert.deepEqual(await grants(), grant)
    const other = connection()
    for (const reply of [new Error('timeout'), { grant: { ...grant, urls: ['http://relay'] } }, undefined]) {
      other.socket.reply = reply
      assert.equal(await other.grants(), undefined)
    }
    assert.equal(other.socket.asked, 3)
  })
})
