import type { LogEvent } from '@ownsight/protocol/log-chain'
import type { PolicyInForce } from '@ownsight/protocol/policy'
import type { CameraClock } from './camera-clock.ts'
import type { CameraLog } from './camera-log.ts'
import { FOREIGN } from './log-counters.ts'

/** Lines an hour that one key may cause without being let in; more are only counted, so that nobody fills the disk. */
const LINES_PER_HOUR = 60
const HOUR_MS = 3_600_000

type Attempt = { viewer: string; sid: string; oh: string }
type LivePath = Extract<LogEvent, { e: 'close' }>['path']

/** What a camera writes into its log, and how much of it. */
export type Journal = {
  /** Names the policy in force where the newest line about one does not: also what a crash kept from the log. */
  policy(policy: PolicyInForce): Promise<void>
  boot(fw: string): Promise<void>
  /** Resolves once it is durable that this session sees pictures; rejects when it cannot be. */
  live(session: Attempt & { n: number }): Promise<void>
  /** A session is live whose viewer the policy does not hold: never, unless this program is wrong. */
  foreign(): void
  close(session: { viewer: string; sid: string; reason: string; s: number; path: LivePath }): Promise<void>
  refused(attempt: Attempt & { code: string }): Promise<void>
  redeem(redemption: { inv: string; k: string; code: string }): Promise<void>
  /** Counts what is not worth a line of its own. */
  ignored(code: string): void
  /** Writes what was counted, and whether the clock is believed. */
  minute(): Promise<void>
  ready(): Promise<boolean>
}

/** @param monotonic milliseconds */
export function keepJournal(
  log: CameraLog,
  clock: CameraClock,
  monotonic = () => performance.now(),
): Journal {
  let counted: { [code: string]: number } = {}
  let believed = true
  let hour = { began: monotonic(), lines: new Map<string, number>() }

  const ignored = (code: string): void => {
    counted[code] = (counted[code] ?? 0) + 1
  }
  /** What is not written stays out of the log; that new sessions are refused then is the business of `ready`. */
  const write = (event: LogEvent): Promise<void> => log.append(event).catch(() => undefined)
  const mayWrite = (key: string): boolean => {
    if (monotonic() - hour.began >= HOUR_MS) hour = { began: monotonic(), lines: new Map() }
    const lines = (hour.lines.get(key) ?? 0) + 1
    hour.lines.set(key, lines)
    return lines <= LINES_PER_HOUR
  }
  const writeSome = async (key: string, event: LogEvent, code: string): Promise<void> => {
    if (mayWrite(key)) await write(event)
    else ignored(code)
  }

  return {
    policy: async ({ hash, policy: { n, iss, privacy } }) => {
      if (log.newestDoc() === hash) return
      const first = n === 1 && log.place().i === 0
      await write(first ? { e: 'pair', n, doc: hash, iss } : { e: 'policy', n, doc: hash, iss, privacy })
    },
    boot: fw => write({ e: 'boot', fw }),
    live: ({ viewer, sid, oh, n }) => log.append({ e: 'live', viewer, sid, oh, n }),
    foreign: () => ignored(FOREIGN),
    close: ({ viewer, sid, reason, s, path }) => {
      const event = { e: 'close' as const, viewer, sid, reason, s, path }
      return s > 0 ? write(event) : writeSome(viewer, event, 'not_live')
    },
    refused: ({ viewer, sid, oh, code }) => writeSome(viewer, { e: 'refused', viewer, sid, oh, code }, code),
    redeem: ({ inv, k, code }) => writeSome(inv, { e: 'redeem', inv, k, code }, code),
    ignored,
    minute: async () => {
      const { plausible } = clock.read()
      if (plausible !== believed) await write({ e: 'clock', floor: clock.floor(), plausible })
      believed = plausible
      if (Object.keys(counted).length === 0) return
      const c = counted
      counted = {}
      await log.append({ e: 'ignored', c }).catch(() => {
        for (const [code, times] of Object.entries(c)) counted[code] = (counted[code] ?? 0) + times
      })
    },
    ready: () => log.ready(),
  }
}
