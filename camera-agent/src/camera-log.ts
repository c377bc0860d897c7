import { join } from 'node:path'
import type { KeyPair } from '@ownsight/protocol/ids'
import { LOG_KEPT_S, LOG_PAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import {
  type LogEntry,
  type LogEvent,
  type LogPlace,
  lineHash,
  logStart,
  nextLine,
  parseLine,
  sealHead,
} from '@ownsight/protocol/log-chain'
import type { Counters } from '@ownsight/protocol/messages'
import { AgentError } from './agent-error.ts'
import { BASE_FILE, type LogBase, readBase, writeBase } from './log-base.ts'
import { count } from './log-counters.ts'
import { listSegments, openSegments } from './log-segments.ts'

/** A file of the log is full at this size, or when its first line is this old; only whole files are ever dropped. */
const SEGMENT_MAX_BYTES = 1024 * 1024
const SEGMENT_MAX_MS = 86_400_000
/** What the log may take on disk in all; beyond that the oldest file goes early. */
const SEGMENTS_MAX = 64
const PAGE_MAX_LINES = 256

/** Who watched, kept by the camera and signed by it (PROTOCOL.md §13). */
export type CameraLog = {
  readonly place: () => LogPlace
  readonly counters: () => Counters
  /** the policy that the newest line about one names; undefined in an empty log */
  readonly newestDoc: () => string | undefined
  /** Resolves when the line is durable; rejects when it is not, and then it has no place. */
  append(event: LogEvent): Promise<void>
  /** Whether the log can be written; tries again where it could not. */
  ready(): Promise<boolean>
  /** The signed head of what is durable now. */
  head(): Promise<string>
  /** Lines from `from` on, or from the first that is kept, and the head they lead up to. */
  page(from: number): Promise<{ lines: string[]; more: boolean; head: string }>
  /** Drops whole files whose every line is older than LOG_KEPT_S before `now`; seconds. */
  dropBefore(now: number): Promise<void>
  close(): Promise<void>
}

type Segment = { first: number; opened: number; newest: number }

/**
 * Opens the log of one camera. What is in it is taken as it is: a chain that somebody broke is noticed by the readers.
 * @param now milliseconds since the epoch, as the camera believes it
 */
export async function openCameraLog(folder: string, cam: KeyPair, now: () => number): Promise<CameraLog> {
  let base = await readBase(join(folder, BASE_FILE))
  const files = await openSegments(folder)
  const segments = new Map<number, Segment>()
  let counters = base.c
  let place: LogPlace = await logStart(cam.id)
  let newestDoc: string | undefined
  let failed = false
  let closed = false
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const note = (entry: LogEntry, segment: number): void => {
    const known = segments.get(segment) ?? { first: entry.i, opened: entry.t, newest: entry.t }
    segments.set(segment, { ...known, newest: Math.max(known.newest, entry.t) })
    if (entry.i >= base.i) counters = count(counters, entry)
    if (entry.e === 'policy' || entry.e === 'pair') newestDoc = entry.doc
  }
  for (const segment of await listSegments(folder))
    for (const line of await files.lines(segment)) {
      const entry = tryParse(line)
      if (!entry) continue
      note(entry, segment)
      place = { i: entry.i + 1, h: await lineHash(line) }
    }

  async function append(event: LogEvent): Promise<void> {
    if (closed) throw new AgentError('log', 'this log is closed')
    const t = now()
    const { line, place: next } = await nextLine(place, t, event)
    const current = segments.get(files.last())
    const full = files.size() >= SEGMENT_MAX_BYTES || (current && t - current.opened >= SEGMENT_MAX_MS)
    try {
      await files.append(line, full === true)
      failed = false
    } catch (error) {
      failed = true
      throw error
    }
    place = next
    note(parseLine(line), files.last())
    // The line is kept; that the disk is a little fuller than it should be is no reason to say otherwise.
    if (segments.size > SEGMENTS_MAX) await dropOldest().catch(() => undefined)
  }

  async function dropOldest(): Promise<void> {
    const [oldest, second] = [...segments.keys()].sort((a, b) => a - b)
    const kept = second === undefined ? undefined : segments.get(second)
    if (oldest === undefined || !kept) return
    // First what the lines counted, then the lines: after a crash between the two nothing is counted twice.
    let before = base.c
    for (const line of await files.lines(oldest)) {
      const entry = tryParse(line)
      if (entry && entry.i >= base.i) before = count(before, entry)
    }
    const next: LogBase = { i: kept.first, c: before }
    await writeBase(join(folder, BASE_FILE), next)
    base = next
    await files.drop(oldest)
    segments.delete(oldest)
  }

  async function page(from: number) {
    const lines: string[] = []
    let bytes = 0
    let more = false
    for (const segment of [...segments.keys()].sort((a, b) => a - b)) {
      const following = segments.get(segment + 1)
      if (more || (following && following.first <= from)) continue
      for (const line of await files.lines(segment)) {
        if ((tryParse(line)?.i ?? from) < from) continue
        bytes += JSON.stringify(line).length + 1
        more = bytes > LOG_PAGE_MAX_BYTES || lines.length >= PAGE_MAX_LINES
        if (more) break
        lines.push(line)
      }
    }
    return { lines, more, head: await sealHead(cam, place, counters) }
  }

  return {
    place: () => place,
    counters: () => counters,
    newestDoc: () => newestDoc,
    append: event => inTurn(() => append(event)),
    ready: async () => {
      if (failed) await inTurn(() => append({ e: 'ignored', c: {} })).catch(() => undefined)
      return !failed
    },
    head: () => inTurn(() => sealHead(cam, place, counters)),
    page: from => inTurn(() => page(from)),
    dropBefore: seconds =>
      inTurn(async () => {
        for (;;) {
          const oldest = Math.min(...segments.keys())
          const newest = segments.get(oldest)?.newest ?? Number.POSITIVE_INFINITY
          if (oldest >= files.last() || newest >= (seconds - LOG_KEPT_S) * 1000) return
          await dropOldest()
        }
      }),
    close: () => {
      closed = true
      return inTurn(() => files.close())
    },
  }
}

function tryParse(line: string): LogEntry | undefined {
  try {
    return parseLine(line)
  } catch {
    return undefined
  }
}
