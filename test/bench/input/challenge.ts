import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyPair } from '@ownsight/protocol/ids'
import { prove } from '../../support/raw-device.ts'

const PATIENCE_MS = 10_000

/** ms from the first SYN to the server's word that the device is in; Infinity where that does not come. */
export async function timeChallenge(origin: string, address: string, key: KeyPair): Promise<number> {
  const begin = performance.now()
  const gone = new AbortController()
  const late = sleep(PATIENCE_MS, undefined, { signal: gone.signal }).catch(() => undefined)
  const socket = await Promise.race([prove(origin, address, 'viewer', key), late])
  const took = performance.now() - begin
  gone.abort()
  socket?.close()
  return socket ? took : Number.POSITIVE_INFINITY
}

/** Households that the honest devices are in: within the rate that one address may connect at. */
const HOMES = ['127.0.9.1', '127.0.9.2', '127.0.9.3', '127.0.9.4']
const PAUSE_MS = 15

/** Challenge after challenge, one at a time, until `until` says so. */
export async function measureChallenges(
  origin: string,
  key: KeyPair,
  until: (done: number) => boolean,
): Promise<number[]> {
  const times: number[] = []
  while (!until(times.length)) {
    times.push(await timeChallenge(origin, HOMES[times.length % HOMES.length] ?? '', key))
    await sleep(PAUSE_MS)
  }
  return times
}
