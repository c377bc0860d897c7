import { join } from 'node:path'
import { openPeer, type PeerProcess } from './peers/peer-process.ts'

export type WeriftViewer = PeerProcess

/**
 * A viewer in a process of its own, with its offer made.
 * @param options.talk it offers to send sound
 * @param options.listen to hear it
 * @param options.loseCookieAck its first word that its channel is open does not arrive
 * @param options.preload a module that is loaded before it
 */
export function createViewer(
  options: { talk?: boolean; listen?: boolean; loseCookieAck?: boolean; preload?: string | undefined } = {},
): Promise<WeriftViewer> {
  const program = join(import.meta.dirname, 'werift-viewer-process.ts')
  const args = [
    ...(options.talk ? ['talk'] : []),
    ...(options.listen ? ['listen'] : []),
    ...(options.loseCookieAck ? ['lose-cookie-ack'] : []),
  ]
  const preload = options.preload ? ['--import', options.preload] : []
  return openPeer([process.execPath, ...preload, program, ...args])
}
