import { ProtocolFault } from '@ownsight/protocol/errors'
import type { KeyPair, PublicKey } from '@ownsight/protocol/ids'
import { LOG_KEPT_S } from '@ownsight/protocol/limits'
import {
  type LogEntry,
  type LogPlace,
  logStart,
  openHead,
  parseLine,
  readLines,
} from '@ownsight/protocol/log-chain'
import { sealRead } from '@ownsight/protocol/read'
import type { LiveSession } from './watch.ts'

/** The camera's own log, read inside a verified session and held against what this device saw before (PROTOCOL.md §13). */

/**
 * `shorter`: lines at its end are gone. `rewritten`: lines are not what they were, or do not follow one another.
 * `cut`: lines at its beginning are gone before their time.
 */
export type LogAlarm = 'shorter' | 'rewritten' | 'cut'

/** @param at when this device saw it, milliseconds since the epoch */
export type SeenHead = LogPlace & { at: number }

export type SeenLog = {
  readonly entries: readonly LogEntry[]
  /** what the camera has signed for; the next one to remember */
  readonly head: LogPlace
  readonly alarm?: LogAlarm
}

/** Why a log could not be read: a code of `failures.ts`, or `no_reply`. */
export class SeenFault extends Error {
  readonly code: string
  override readonly name = 'SeenFault'
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

type Session = Pick<LiveSession, 'request' | 'th'>
type Camera = { camId: string; key: PublicKey }
type Page = { lines: string[]; more: boolean; head: LogPlace }

/** Lines the page shows at most; the check goes back to what was seen before, however far that is. */
const SHOWN_LINES = 3000
/** A line younger than this does not leave the log by itself; a day to spare. */
const KEPT_MS = (LOG_KEPT_S - 86_400) * 1000

/** @throws SeenFault */
export async function readLog(
  camera: Camera,
  admin: KeyPair,
  session: Session,
  seen: SeenHead | undefined,
  shown = SHOWN_LINES,
): Promise<SeenLog> {
  const ask = (from: number) => askPage(camera, admin, session, from)
  const { head } = await ask(Number.MAX_SAFE_INTEGER)
  const first = Math.max(0, head.i - shown)
  const isShorter = seen !== undefined && head.i < seen.i
  const from = seen && !isShorter ? Math.min(first, seen.i) : first
  const log = await follow(camera.camId, ask, from, seen)
  return isShorter ? { ...log, alarm: 'shorter' } : log
}

/** Only whether the log still holds what was seen; for a visit that does not show it. @throws SeenFault */
export const checkLog = (
  camera: Camera,
  admin: KeyPair,
  session: Session,
  seen: SeenHead | undefined,
): Promise<SeenLog> => readLog(camera, admin, session, seen, 0)

async function follow(
  camId: string,
  ask: (from: number) => Promise<Page>,
  from: number,
  seen: SeenHead | undefined,
): Promise<SeenLog> {
  const entries: LogEntry[] = []
  let page = await ask(from)
  let { head } = page
  try {
    let place = await beginning(camId, page, from)
    const isCut = seen !== undefined && place.i > seen.i && Date.now() - seen.at < KEPT_MS
    for (;;) {
      for (const lines of splitAt(page.lines, seen ? seen.i - place.i : 0)) {
        if (seen && place.i === seen.i && place.h !== seen.h) throw rewritten()
        const read = await readLines(place, lines)
        entries.push(...read.entries)
        place = read.place
      }
      if (seen && place.i === seen.i && place.h !== seen.h) throw rewritten()
      if (!page.more) break
      if (page.lines.length === 0) throw rewritten()
      page = await ask(place.i)
      head = page.head
    }
    if (head.i !== place.i || head.h !== place.h) throw rewritten()
    return { entries, head, ...(isCut ? { alarm: 'cut' as const } : {}) }
  } catch (error) {
    if (error instanceof ProtocolFault) return { entries, head, alarm: 'rewritten' }
    throw error
  }
}

const rewritten = () => new ProtocolFault('bad_hash', 'ph', 'this log was rewritten: do not rely on it')

/** Where the lines begin: at the beginning of the log, where they were asked for, or at the first that is kept. */
async function beginning(camId: string, page: Page, from: number): Promise<LogPlace> {
  const [line] = page.lines
  if (line === undefined) return from === 0 ? logStart(camId) : page.head
  const { i, ph } = parseLine(line)
  if (i < from) throw rewritten()
  return i === 0 ? logStart(camId) : { i, h: ph }
}

/** So that one half ends just at the place seen before. */
const splitAt = (lines: string[], at: number): string[][] =>
  at > 0 && at < lines.length ? [lines.slice(0, at), lines.slice(at)] : [lines]

async function askPage(camera: Camera, admin: KeyPair, session: Session, from: number): Promise<Page> {
  const { camId, key } = camera
  const { read } = await sealRead(admin, { camId, what: 'log', th: session.th, from })
  const page = await session.request({ t: 'read', read })
  if (page?.t === 'refused') throw new SeenFault(page.code)
  if (page?.t !== 'log') throw new SeenFault('no_reply')
  const head = await openHead(page.head, key, camId).catch(() => {
    throw new SeenFault('foreign_answer')
  })
  return { lines: page.lines, more: page.more, head: { i: head.i, h: head.h } }
}

type HeadStore = {
  head(camId: string): Promise<SeenHead | undefined>
  saveHead(camId: string, head: SeenHead): Promise<void>
  marks(kind: 'alarms'): Promise<{ [camId: string]: string }>
  mark(kind: 'alarms', camId: string, value: string | undefined): Promise<void>
}

/** Remembers how far the log was seen. An alarm is kept, and the head before it, until somebody has taken note of it. */
export async function remember(store: HeadStore, camId: string, log: SeenLog): Promise<void> {
  if (log.alarm) return store.mark('alarms', camId, log.alarm)
  if ((await store.marks('alarms'))[camId] !== undefined) return
  await store.saveHead(camId, { i: log.head.i, h: log.head.h, at: Date.now() })
}

/** The owner has read the alarm: from here on the log is held against what it is now. */
export async function takeNote(store: HeadStore, camId: string, head: LogPlace): Promise<void> {
  await store.saveHead(camId, { i: head.i, h: head.h, at: Date.now() })
  await store.mark('alarms', camId, undefined)
}
