import { seal } from '@ownsight/protocol/envelope'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Socket } from 'socket.io-client'
import type { CameraLog } from './camera-log.ts'
import type { PolicyStore } from './policy-store.ts'
import type { OfferWindow } from './window.ts'

/** Several reasons to speak within this time are told at once. */
const GATHER_MS = 1000

export type Way = 'direct' | 'relayed'

export type Announcer = {
  /** Soon: beacon and head of the log, as they are then. */
  soon(): void
  now(): Promise<void>
  /** One more session has ended whose picture took this way. */
  count(way: Way): void
  close(): void
}

/** Publishes what anybody may know: the beacon of this camera and the signed head of its log. */
export function announceOver(
  socket: Socket,
  camera: { cam: KeyPair; fw: string; policies: PolicyStore; window: OfferWindow; log: CameraLog },
): Announcer {
  const { cam, fw, policies, window, log } = camera
  let timer: NodeJS.Timeout | undefined
  let ways = { direct: 0, relayed: 0 }

  async function now(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const policy = policies.current()
    const win = window.nonces()[0]
    if (!policy || !win || !socket.connected) return
    const iat = Math.floor(Date.now() / 1000)
    const payload = { v: 1 as const, iss: cam.id, win, n: policy.policy.n, ph: policy.hash, fw, iat }
    const [beacon, head] = await Promise.all([seal('os1-beacon', payload, cam.sign), log.head()])
    const counted = ways.direct + ways.relayed > 0 ? { ways } : {}
    ways = { direct: 0, relayed: 0 }
    socket.emit('publish', { beacon, head, ...counted }, () => undefined)
  }

  return {
    now,
    count: way => {
      ways[way]++
    },
    soon: () => {
      timer ??= setTimeout(() => void now(), GATHER_MS).unref()
    },
    close: () => clearTimeout(timer),
  }
}
