import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { FromViewer, ToViewer } from './messages.ts'

/**
 * The plain pair's signaling: socket.io as it is by default, which hands each message on, and the page. It checks
 * nothing, and stands here for comparison only.
 */
const require = createRequire(import.meta.url)
const { Server } = createRequire(import.meta.resolve('@ownsight/signaling/server'))(
  'socket.io',
) as typeof import('socket.io')

const [host = '', port = '0', cert = '', key = '', iceServers = '[]'] = process.argv.slice(2)
const files: { [path: string]: [type: string, text: string] } = {
  '/': ['text/html', readFileSync(join(import.meta.dirname, 'page.html'), 'utf8')],
  '/ice.js': ['text/javascript', `const iceServers = ${iceServers}`],
  '/simplepeer.min.js': [
    'text/javascript',
    readFileSync(require.resolve('simple-peer/simplepeer.min.js'), 'utf8'),
  ],
}
const http = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const [type, text] = files[request.url ?? ''] ?? []
  response.writeHead(text === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' }).end(text)
})
const io = new Server(http)
let camera: string | undefined

io.on('connection', socket => {
  socket.on('camera', () => {
    camera = socket.id
  })
  socket.on('signal', (message: FromViewer['data'] | ToViewer) => {
    if ('to' in message) io.to(message.to).emit('signal', message.data)
    else if (camera) io.to(camera).emit('signal', { from: socket.id, data: message } satisfies FromViewer)
  })
  socket.on('leave', () => camera && io.to(camera).emit('left', socket.id))
  socket.on('disconnect', () => camera && io.to(camera).emit('left', socket.id))
})
http.listen(Number(port), host, () => process.stdout.write('ready\n'))
process.stdin.on('end', () => process.exit(0)).resume()
