import { sealAuth } from '@ownsight/protocol/challenge'
import type { KeyPair } from '@ownsight/protocol/ids'
import { rawSocket } from './raw-socket.ts'

export type Role = 'viewer' | 'camera'

const agentOf = (role: Role): string => (role === 'viewer' ? 'viewer/0.1.0' : 'camera-agent/0.1.0')

/** A socket in the role's namespace, greeted and not yet proved. */
export async function greet(origin: string, address: string, role: Role) {
  const socket = await rawSocket(origin, address)
  if (!socket) return undefined
  // engine.io's heartbeat: the server's ping is a 2, its answer a 3.
  socket.onText(text => text === '2' && void socket.say('3'))
  await socket.hears('0')
  await socket.say(`40/${role},${JSON.stringify({ agent: agentOf(role), versions: [1] })}`)
  const challenge = await socket.hears(`42/${role},["challenge",`)
  if (challenge === undefined) return undefined
  return { socket, challenge: JSON.parse(challenge.slice(challenge.indexOf('[')))[1] }
}

/** A socket whose key the server knows, or undefined where it was turned away. */
export async function prove(origin: string, address: string, role: Role, key: KeyPair) {
  const greeted = await greet(origin, address, role)
  if (!greeted) return undefined
  const { socket, challenge } = greeted
  const auth = await sealAuth(challenge, { key, role, origin })
  await socket.say(`42/${role},0${JSON.stringify(['auth', { auth }])}`)
  const reply = await socket.hears(`43/${role},0`)
  if (reply?.includes('"ok":true')) return socket
  socket.close()
  return undefined
}
