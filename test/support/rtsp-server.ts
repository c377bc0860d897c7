import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type RtspServer = {
  port: number
  /** With user and password, when the server wants them. */
  url: string
  /** Ends the server process; its port is free afterwards. */
  stop(): Promise<void>
}

const SCRIPT = fileURLToPath(new URL('./rtsp-server.py', import.meta.url))

/**
 * Starts GStreamer's RTSP server: H.264 on loopback, over TCP unless told, with digest auth when `user` is given.
 * Port 0 takes a free one; `launch` replaces the GStreamer pipeline.
 */
export async function startRtspServer(
  options: {
    port?: number
    user?: string
    password?: string
    transport?: 'TCP' | 'UDP'
    launch?: string
  } = {},
): Promise<RtspServer> {
  const { port = 0, user = '', password = '', transport = 'TCP', launch } = options
  const parameters = [SCRIPT, String(port), user, password, transport, ...(launch ? [launch] : [])]
  const server = spawn('/usr/bin/python3', parameters, { stdio: ['pipe', 'pipe', 'inherit'] })
  const bound = await listening(server)
  const login = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : ''
  return {
    port: bound,
    url: `rtsp://${login}127.0.0.1:${bound}/camera`,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
    },
  }
}

async function listening(server: ChildProcess): Promise<number> {
  let text = ''
  for await (const chunk of server.stdout ?? []) {
    text += chunk
    const [, port] = /ready (\d+)\n/.exec(text) ?? []
    if (port) return Number(port)
  }
  throw new Error('the RTSP server did not start: run npm run setup')
}
