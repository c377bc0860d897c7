import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { relayGrant } from '@ownsight/protocol/relay-grant'
import * as v from 'valibot'

/** What a running agent tells the doctor of itself, over a socket in its data folder that only its user can open. */
const state = v.strictObject({
  cameras: v.array(
    v.strictObject({
      name: v.string(),
      paired: v.boolean(),
      online: v.boolean(),
      note: v.optional(v.string()),
    }),
  ),
  grant: v.optional(relayGrant),
})
export type AgentState = v.InferOutput<typeof state>

const SOCKET = 'doctor.sock'
const PATIENCE_MS = 8000

/** Answers each connection with one state, then ends it. The folder is held by this process: an old socket is nobody's. */
export function answerDoctor(folder: string, read: () => Promise<AgentState>): { close(): void } {
  const path = join(folder, SOCKET)
  rmSync(path, { force: true })
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => undefined)
    read().then(
      found => socket.end(JSON.stringify(found)),
      () => socket.destroy(),
    )
  })
  server.on('error', () => undefined)
  server.listen(path)
  server.unref()
  return {
    close() {
      server.close()
      rmSync(path, { force: true })
    },
  }
}

/** Undefined when no agent runs on this folder. */
export async function askAgent(folder: string): Promise<AgentState | undefined> {
  const socket = connect(join(folder, SOCKET))
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('timeout')))
  try {
    return v.parse(state, JSON.parse(await text(socket)))
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
