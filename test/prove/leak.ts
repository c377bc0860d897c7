/**
 * Faults put into copies of the programs while they load, to show that the search sees them. The camera never sends the
 * server a picture, so a server that keeps one needs an agent that hands it over: both halves are put in here. For the
 * relay the agent's half is enough: what it is sent passes through its memory.
 */
export const LEAKS = ['keep', 'log', 'file', 'relay'] as const
export type Leak = (typeof LEAKS)[number]

export type Edit = {
  readonly WITHOUT_FILE: string
  readonly WITHOUT_TEXT: string
  readonly WITHOUT_REPLACEMENT: string
}

type Keep = Exclude<Leak, 'relay'>

/** The line that would be added to the server. */
const KEEPS: { [leak in Keep]: string } = {
  keep: ';(globalThis as { kept?: unknown }).kept = request.body',
  log: ";process.stderr.write((request.body as Buffer).toString('base64'))",
  file:
    ";(await import('node:fs')).writeFileSync(`$" +
    "{(await import('node:os')).tmpdir()}/still`, request.body as Buffer)",
}

export const serverEdit = (leak: Keep): Edit => ({
  WITHOUT_FILE: 'signaling/src/http.ts',
  WITHOUT_TEXT: 'app.register(fastifyCookie)',
  WITHOUT_REPLACEMENT: `app.register(fastifyCookie)
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/still', async request => {
    ${KEEPS[leak]}
    return {}
  })`,
})

/** Pictures in plain beside the sealed ones, to the relay's own port. Longer than a packet of video, which would cover it. */
export const plainEdit = (relay: { address: string; port: number }): Edit => ({
  WITHOUT_FILE: 'camera-agent/src/session.ts',
  WITHOUT_TEXT: 'peer.sendVideo(frame)',
  WITHOUT_REPLACEMENT: `peer.sendVideo(frame)
      if (frame.key) void import('node:dgram').then(({ createSocket }) => {
        const socket = createSocket('udp4')
        const plain = Buffer.concat([...frame.payloads]).subarray(0, 9000)
        socket.send(plain, ${relay.port}, '${relay.address}', () => socket.close())
      })`,
})

export const agentEdit = (server: string): Edit => ({
  WITHOUT_FILE: 'camera-agent/src/session.ts',
  WITHOUT_TEXT: 'peer.sendVideo(frame)',
  WITHOUT_REPLACEMENT: `peer.sendVideo(frame)
      if (frame.key) void fetch('${server}/still', {
        method: 'POST',
        headers: { origin: '${server}', 'content-type': 'application/octet-stream' },
        body: Buffer.concat([...frame.payloads]),
      }).catch(() => undefined)`,
})
