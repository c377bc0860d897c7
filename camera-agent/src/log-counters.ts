import type { LogEntry } from '@ownsight/protocol/log-chain'
import type { Counters } from '@ownsight/protocol/messages'

/** Under this name an `ignored` line counts what must never be: see `Counters.foreign`. */
export const FOREIGN = 'foreign'

export const noCounts = (): Counters => ({ live: 0, ended: 0, foreign: 0, refused: {} })

/** The counters after one more line: they are what the lines say and nothing else, so that no crash changes them. */
export function count(before: Counters, entry: LogEntry): Counters {
  switch (entry.e) {
    case 'live':
      return { ...before, live: before.live + 1 }
    case 'close':
      return entry.s > 0 ? { ...before, ended: before.ended + 1 } : before
    case 'refused':
      return { ...before, refused: plus(before.refused, entry.code, 1) }
    case 'ignored': {
      let { foreign, refused } = before
      for (const [code, times] of Object.entries(entry.c))
        if (code === FOREIGN) foreign += times
        else refused = plus(refused, code, times)
      return { ...before, foreign, refused }
    }
    default:
      return before
  }
}

const plus = (counts: { [code: string]: number }, code: string, times: number) => ({
  ...counts,
  [code]: (counts[code] ?? 0) + times,
})
