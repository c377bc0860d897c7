import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { connect } from 'node:net'

/**
 * A reverse proxy as docs/OPERATIONS.md asks for one: ends TLS on port 443, keeps `Host`, passes websocket upgrades,
 * writes `X-Forwarded-For`. Run with: certificate file, key file, port on 127.0.0.1 to pass everything to.
 */
const [certFile = '', keyFile = '', target] = process.argv.slice(2)
const upstream = { host: '127.0.0.1', port: Number(target) }

const forwarded = (headers: NodeJS.Dict<string | string[]>, address = '') => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'] ?? [], address].flat().join(', '),
  'x-forwarded-proto': 'https',
})

const server = createServer(
  { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  (incoming, reply) => {
    const { method, url: path, headers, socket } = incoming
    const options = { ...upstream, method, path, headers: forwarded(headers, socket.remoteAddress) }
    const outgoing = request(options, answer => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(reply)
    })
    outgoing.on('error', () => reply.destroy())
    incoming.pipe(outgoing)
  },
)

server.on('upgrade', (incoming, client, head) => {
  const socket = connect(upstream.port, upstream.host, () => {
    const headers = Object.entries(forwarded(incoming.headers, incoming.socket.remoteAddress))
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
    socket.write(head)
    socket.pipe(client).pipe(socket)
  })
  socket.on('error', () => client.destroy())
  client.on('error', () => socket.destroy())
})

server.listen(443, '0.0.0.0', () => process.stdout.write('listening\n'))
