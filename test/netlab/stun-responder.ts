import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type ChangeRequest, decodeRequest, encodeAnswer } from './stun.ts'

/**
 * A STUN server with two addresses and two ports, which answers from another one where asked to (RFC 5780 §6): our own,
 * because a hardened coturn does not do that. Arguments: two addresses, two ports. One line on stdout when it listens.
 */
const [addresses, ports] = [process.argv.slice(2, 4), process.argv.slice(4, 6).map(Number)]

const sockets = await Promise.all(
  addresses.map(address => Promise.all(ports.map(port => open(address, port)))),
)

sockets.forEach((row, a) => {
  row.forEach((socket, p) => {
    socket.on('message', (bytes, { address, port }) => {
      const request = decodeRequest(bytes)
      if (!request) return
      const answer = encodeAnswer(request.transaction, { address, port })
      from(a, p, request.change).send(answer, port, address)
    })
  })
})
process.stdin.on('end', () => process.exit()).resume()
console.log('listening')

const from = (a: number, p: number, change: ChangeRequest): Socket =>
  sockets[change.address ? 1 - a : a]![change.port ? 1 - p : p]!

function open(address: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => resolve(socket))
  })
}
