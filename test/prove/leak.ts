/**
 * Faults put into copies of the programs while they load, to show that the search sees them. The camera never sends the
 * server a picture, so a server that keeps one needs an agent that hands it over: both halves are put in here.
 */
export const LEAKS = ['keep', 'log', 'file'] as const
export type Leak = (typeof LEAKS)[number]

export type Edit = {
  readonly WITHOUT_FILE: string
  readonly WITHOUT_TEXT: string
  readonly WITHOUT_REPLACEMENT: string
}

/** The line that would be added to the server. */
const KEEPS: { [leak in Leak]: string } = {
  keep: ';(globalThis as { kept?: unknown }).kept = request.body',
  log: ";process.stderr.write((request.body as Buffer).toString('base64'))",
  file:
    ";(await import('node:fs')).writeFileSync(`$" +
    "{(await import('node:os')).tmpdir()}/still`, request.body as Buffer)",
}

export const serverEdit = (leak: Leak): Edit => ({
  WITHOUT_FILE: 'signaling/src/http.ts',
  WITHOUT_TEXT: 'app.register(fastifyCookie)',
  WITHOUT_REPLACEMENT: `app.register(fastifyCookie)
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/still', async request => {
    ${KEEPS[leak]}
    return {}
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
