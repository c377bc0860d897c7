import type { KeyId } from '@ownsight/protocol/ids'
import type { LogEntry } from '@ownsight/protocol/log-chain'
import type { People } from '@ownsight/protocol/roster'

/** A log as a person reads it: what is the same, on one day, stands in one line. */
export type SeenItem = {
  readonly text: string
  /** milliseconds by the camera's clock; both ends of what was gathered into it */
  readonly from: number
  readonly to: number
  readonly kind: 'watched' | 'refused' | 'changed' | 'camera'
  /** true: it should not have happened */
  readonly alert: boolean
}
export type SeenDay = { readonly day: string; readonly items: readonly SeenItem[] }

export type Names = {
  readonly people: People
  readonly own: { view: KeyId; admin: KeyId }
  /** root's id: what the recovery kit signs with */
  readonly root?: KeyId
}

type Happened = Omit<SeenItem, 'text' | 'from' | 'to'> & {
  at: number
  /** what is gathered into one item */
  group: string
  tell: (times: number, seconds: number) => string
  seconds?: number
  /** how often it happened, where the camera has counted */
  times?: number
}

/** The name of a key: this device, somebody on the list, or nobody. */
export function nameOfKey(key: KeyId, { people, own, root }: Names): string {
  if (key === own.view || key === own.admin) return 'This device'
  if (key === root) return 'Your recovery kit'
  const person = people.find(({ view, admin }) => view === key || admin === key)
  return person?.name ?? `A device you do not know (${key.slice(0, 4)}…)`
}

/** Newest first. @param timeZone for tests; the reader's own otherwise */
export function storyOf(entries: readonly LogEntry[], names: Names, timeZone?: string): SeenDay[] {
  const dayOf = new Intl.DateTimeFormat('en', {
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    ...(timeZone ? { timeZone } : {}),
  })
  const days = new Map<string, Map<string, Happened[]>>()
  for (const happened of happenings(entries, withLinks(entries, names))) {
    const day = dayOf.format(happened.at)
    const groups = days.get(day) ?? new Map<string, Happened[]>()
    groups.set(happened.group, [...(groups.get(happened.group) ?? []), happened])
    days.set(day, groups)
  }
  return [...days]
    .map(([day, groups]) => ({ day, items: [...groups.values()].map(itemOf).sort((a, b) => b.to - a.to) }))
    .reverse()
}

/** The list names an invitation until somebody is let in with it; after that the name is theirs, and it was their link. */
function withLinks(entries: readonly LogEntry[], names: Names): Names {
  const links = entries.flatMap(entry => {
    if (entry.e !== 'redeem' || entry.code !== 'waiting') return []
    const guest = names.people.find(({ view }) => view === entry.k)
    return guest ? [{ view: entry.inv, name: guest.name }] : []
  })
  return { ...names, people: [...names.people, ...links] }
}

function itemOf(group: Happened[]): SeenItem {
  const [first] = group as [Happened]
  const times = group.reduce((sum, each) => sum + (each.times ?? 1), 0)
  const seconds = group.reduce((sum, each) => sum + (each.seconds ?? 0), 0)
  const { kind, alert } = first
  const at = group.map(each => each.at)
  return { text: first.tell(times, seconds), from: Math.min(...at), to: Math.max(...at), kind, alert }
}

function happenings(entries: readonly LogEntry[], names: Names): Happened[] {
  const open = new Map<string, Extract<LogEntry, { e: 'live' }>>()
  const found: Happened[] = []
  const visits: Visit[] = []
  // Where the log begins in the middle, nobody knows what was before.
  let isPrivate = entries[0]?.i === 0 ? false : undefined
  for (const entry of entries) {
    if (entry.e === 'live') open.set(entry.sid, entry)
    else if (entry.e === 'close') {
      const live = open.get(entry.sid)
      open.delete(entry.sid)
      // Before the first line that is shown it may have begun; what never was live is nobody's visit.
      const { viewer, s, t } = entry
      if (live || s > 0) visits.push({ viewer, from: live?.t ?? t - s * 1000, ms: s * 1000 })
    } else if (entry.e === 'boot') {
      for (const live of open.values()) found.push(cutOff(live, names))
      open.clear()
      found.push({ ...plain(entry.t, 'boot', 'camera'), tell: times => `The camera started${often(times)}` })
    } else if (entry.e === 'policy') {
      found.push(changed(entry, isPrivate, names))
      isPrivate = entry.privacy
    } else found.push(...others(entry, names))
  }
  for (const live of open.values()) found.push(...stillOpen(live, names))
  const watching = joined(visits).map(visit => watched(visit, names))
  return [...watching, ...found].sort((a, b) => a.at - b.at)
}

const plain = (at: number, group: string, kind: SeenItem['kind'], alert = false) => ({
  at,
  group,
  kind,
  alert,
})

type Visit = { viewer: KeyId; from: number; ms: number }

/** A view that moved to another network goes on in a session of its own: to a person it is the same visit. */
const SAME_VISIT_MS = 15_000

function joined(visits: readonly Visit[]): Visit[] {
  const found: Visit[] = []
  for (const visit of visits.toSorted((a, b) => a.from - b.from)) {
    const before = found.findLast(({ viewer }) => viewer === visit.viewer)
    const end = before ? before.from + before.ms : 0
    if (before && visit.from - end <= SAME_VISIT_MS)
      before.ms = Math.max(end, visit.from + visit.ms) - before.from
    else found.push({ ...visit })
  }
  return found
}

function watched({ viewer, from, ms }: Visit, names: Names): Happened {
  const who = nameOfKey(viewer, names)
  return {
    ...plain(from, `watched ${viewer}`, 'watched', isStranger(viewer, names)),
    seconds: ms / 1000,
    tell: (times, seconds) =>
      times === 1
        ? `${who} watched for ${lasting(Math.round(seconds))}`
        : `${who} watched ${times} times, ${lasting(Math.round(seconds))} in all`,
  }
}

function cutOff({ t, viewer }: Extract<LogEntry, { e: 'live' }>, names: Names): Happened {
  const who = nameOfKey(viewer, names)
  return {
    ...plain(t, `cut off ${viewer}`, 'watched', isStranger(viewer, names)),
    tell: times => `${who} watched until the camera stopped${often(times)}`,
  }
}

/** Whoever reads this page is in a session as well, and need not be told so. */
function stillOpen({ t, viewer }: Extract<LogEntry, { e: 'live' }>, names: Names): Happened[] {
  if (viewer === names.own.view) return []
  const who = nameOfKey(viewer, names)
  const alert = isStranger(viewer, names)
  return [{ ...plain(t, `watching ${viewer}`, 'watched', alert), tell: () => `${who} is watching now` }]
}

function changed(
  { t, iss, privacy }: Extract<LogEntry, { e: 'policy' }>,
  before: boolean | undefined,
  names: Names,
): Happened {
  const who = nameOfKey(iss, names)
  const alert = isStranger(iss, names)
  if (before !== undefined && privacy !== before)
    return {
      ...plain(t, `privacy ${t}`, 'changed', alert),
      tell: () => `${who} switched the camera ${privacy ? 'to private' : 'on again'}`,
    }
  return {
    ...plain(t, `policy ${iss}`, 'changed', alert),
    tell: times => `${who} changed who may watch${often(times)}`,
  }
}

type Other = Exclude<LogEntry, { e: 'live' | 'close' | 'boot' | 'policy' }>

function others(entry: Other, names: Names): Happened[] {
  const { t } = entry
  switch (entry.e) {
    case 'pair':
      return [
        { ...plain(t, 'pair', 'changed'), tell: () => `${nameOfKey(entry.iss, names)} paired the camera` },
      ]
    case 'redeem':
      return [redeemed(entry, names)]
    case 'refused':
      return refused(entry, names)
    case 'clock':
      return [
        {
          ...plain(t, `clock ${entry.plausible}`, 'camera'),
          tell: () =>
            entry.plausible
              ? 'The camera’s clock is right again'
              : 'The camera’s clock is wrong: times may be off',
        },
      ]
    case 'ignored':
      return Object.entries(entry.c).flatMap(([code, times]) => counted(t, code, times))
  }
}

function redeemed({ t, inv, code }: Extract<LogEntry, { e: 'redeem' }>, { people }: Names): Happened {
  const whose = people.find(({ view }) => view === inv)?.name
  const link = whose ? `The invitation for ${whose}` : 'An invitation'
  const isRefused = code !== 'waiting'
  return {
    ...plain(t, `redeem ${inv} ${code}`, isRefused ? 'refused' : 'changed', code === 'used'),
    tell: times =>
      code === 'used'
        ? `${link} was opened on a second device, and refused${often(times)}`
        : isRefused
          ? `${link} was opened, and refused${often(times)}`
          : `${link} was opened`,
  }
}

const WHY: { [code: string]: string } = {
  expired: 'after their time had ended',
  no_right: 'for something they may not do',
  private: 'while it was private',
  clock: 'while the camera’s clock was wrong',
  busy: 'while it was busy',
  limit: 'too often',
}

/** What a second try mends by itself is not told. */
function refused({ t, viewer, code }: Extract<LogEntry, { e: 'refused' }>, names: Names): Happened[] {
  const why = WHY[code]
  if (!why) return []
  const who = nameOfKey(viewer, names)
  return [
    {
      ...plain(t, `refused ${viewer} ${code}`, 'refused'),
      tell: times => `${who} tried to watch ${why}, and was refused${often(times)}`,
    },
  ]
}

function counted(t: number, code: string, times: number): Happened[] {
  if (code === 'foreign')
    return [
      {
        ...plain(t, code, 'refused', true),
        times,
        tell: sum => `The camera served somebody it should not have${often(sum)}: update it`,
      },
    ]
  if (code === 'not_live' || code === 'stale_win' || code === 'replay' || times === 0) return []
  const isStranger = code === 'unknown_viewer'
  return [
    {
      ...plain(t, isStranger ? code : 'ignored', 'refused'),
      times,
      tell: sum =>
        isStranger
          ? `Someone without permission tried${often(sum)}. They saw nothing`
          : `Messages that were not in order came${often(sum)}, and were ignored`,
    },
  ]
}

function isStranger(key: KeyId, names: Names): boolean {
  return nameOfKey(key, names).startsWith('A device you do not know')
}

const often = (times: number): string => (times === 1 ? '' : `, ${times} times`)

function lasting(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}
