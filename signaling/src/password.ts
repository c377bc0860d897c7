import { availableParallelism } from 'node:os'
import argon2 from 'argon2'
import { ApiError } from './signaling-error.ts'

/** argon2id with OWASP's parameters: 19 MiB, two passes, one lane (a lane more would start threads of its own). */
const PARAMETERS = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** libuv's pool has four threads; two stay free for DNS, files and signature checks of everybody else. */
const AT_ONCE = Math.max(1, Math.min(availableParallelism(), 2))
const QUEUE = 32
const WAIT_MS = 2000

export const PASSWORD_MIN = 10
export const PASSWORD_MAX_BYTES = 128

type Waiting = { start: () => void; timer: NodeJS.Timeout }

let running = 0
const waiting: Waiting[] = []

export const passwordQueueDepth = (): number => waiting.length

const tooBusy = () =>
  new ApiError(503, 'busy', 'Too many people are signing in at this moment. Try again in a few seconds.', 2)

function enter(): Promise<void> {
  if (running < AT_ONCE) {
    running++
    return Promise.resolve()
  }
  if (waiting.length >= QUEUE) throw tooBusy()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const place: Waiting = {
    start: () => {
      clearTimeout(place.timer)
      resolve()
    },
    timer: setTimeout(() => {
      waiting.splice(waiting.indexOf(place), 1)
      reject(tooBusy())
    }, WAIT_MS),
  }
  waiting.push(place)
  return promise
}

function leave(): void {
  const next = waiting.shift()
  if (next) next.start()
  else running--
}

async function inPool<T>(work: () => Promise<T>): Promise<T> {
  await enter()
  try {
    return await work()
  } finally {
    leave()
  }
}

export const hashPassword = (password: string): Promise<string> =>
  inPool(() => argon2.hash(password, PARAMETERS))

let dummy: Promise<string> | undefined

/** True for the right password. An unknown account costs the same time as a wrong password. */
export async function verifyPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  dummy ??= hashPassword('no account has this password')
  const hash = stored ?? (await dummy)
  const matches = await inPool(() => argon2.verify(hash, password))
  return matches && typeof stored === 'string'
}
