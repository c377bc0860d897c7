import { availableParallelism } from 'node:os'
import { argon2id, hash, verify } from 'argon2'
import { ApiError } from './signaling-error.ts'

/** OWASP's parameters: 19 MiB, two passes, one lane (a lane more would start threads of its own). */
const PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/**
 * libuv's pool has four threads; two stay free for DNS, files and signature checks of everybody else, and one core for
 * all that is no password: on two cores, two hashes at once would leave it half of one.
 */
const AT_ONCE = Math.max(1, Math.min(availableParallelism() - 1, 2))
const QUEUE_MAX = 32
const QUEUE_MS = 2000

export const PASSWORD_MIN = 10
export const PASSWORD_MAX_BYTES = 128

/**
 * argon2id shares its thread pool with files, DNS and signature checks: unbounded, a login flood stalls every camera
 * that reconnects. So few at once, a short queue, and a clear "busy" beyond it.
 */
export type PasswordPool = {
  /** @throws ApiError busy */
  hash(password: string): Promise<string>
  /** An unknown account, or one without a password, costs the time of a wrong password. @throws ApiError busy */
  verify(stored: string | null | undefined, password: string): Promise<boolean>
}

export type PasswordPoolOptions = {
  atOnce?: number
  queueMax?: number
  /** how long one may wait for its turn, in ms */
  queueMs?: number
  onDepth?: (waiting: number) => void
  onBusy?: () => void
  argon2?: {
    hash(password: string): Promise<string>
    verify(stored: string, password: string): Promise<boolean>
  }
}

type Waiting = { start: () => void; timer: NodeJS.Timeout }

export function createPasswordPool(options: PasswordPoolOptions = {}): PasswordPool {
  const { argon2 = { hash: (password: string) => hash(password, PARAMETERS), verify } } = options
  const limited = createTurns(options)
  let nobody: string | undefined
  return {
    hash: password => limited(() => argon2.hash(password)),
    verify: (stored, password) =>
      limited(async () => {
        nobody ??= await argon2.hash('no account has this password')
        const matches = await argon2.verify(stored ?? nobody, password)
        return matches && typeof stored === 'string'
      }),
  }
}

function createTurns(options: PasswordPoolOptions) {
  const { atOnce = AT_ONCE, queueMax = QUEUE_MAX, queueMs = QUEUE_MS, onDepth, onBusy } = options
  const waiting: Waiting[] = []
  let running = 0

  const busy = (): ApiError => {
    onBusy?.()
    return new ApiError(
      503,
      'busy',
      'Too many people are signing in at this moment. Try again in a few seconds.',
      { retryAfter: 2 },
    )
  }
  const enter = async (): Promise<void> => {
    if (running < atOnce) {
      running++
      return
    }
    if (waiting.length >= queueMax) throw busy()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => {
      waiting.splice(waiting.indexOf(place), 1)
      onDepth?.(waiting.length)
      reject(busy())
    }
    const place: Waiting = { start: resolve, timer: setTimeout(giveUp, queueMs) }
    waiting.push(place)
    onDepth?.(waiting.length)
    await promise
  }
  const leave = (): void => {
    const next = waiting.shift()
    onDepth?.(waiting.length)
    if (!next) {
      running--
      return
    }
    clearTimeout(next.timer)
    next.start()
  }
  return async <T>(work: () => Promise<T>): Promise<T> => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
