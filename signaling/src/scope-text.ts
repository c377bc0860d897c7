import { type Gap, isBroken, refusals, type Scope } from './scope.ts'
import type { CameraWord, Doubt } from './scope-heads.ts'
import type { RoutedSession } from './scope-sessions.ts'

/** The answer for a person on call: the verdict first, then what it rests on. */
export function scopeText(scope: Scope): string {
  return [
    headline(scope),
    '',
    `${scope.from} to ${scope.to}${filterText(scope)}`,
    ...section('HARM', harmLines(scope)),
    ...section('CANNOT BE VOUCHED FOR', doubtLines(scope)),
    ...section('ATTEMPTS', attemptLines(scope)),
    ...section('SESSIONS', countLines(scope)),
    ...section('PEOPLE', peopleLines(scope)),
    ...section(listTitle(scope), scope.sessions.first.map(sessionLine)),
    '',
  ].join('\n')
}

export function headline(scope: Scope): string {
  const { harmed, attempts, cameras, gaps } = scope
  const silent = cameras.words.filter(word => word.doubt === 'no_head').length
  const early = cameras.words.filter(word => word.doubt === 'head_too_early').length
  const broken = cameras.words.filter(isBroken).length
  const vouched = (n: number, why: string) => `${count(n, 'camera')} ${why}: cannot be vouched for`
  return [
    harmed > 0 ? `HARM: ${count(harmed, 'session')} without a right` : '0 sessions harmed',
    attemptsText(attempts),
    ...(attempts.foreignReplies > 0
      ? [`${count(attempts.foreignReplies, 'reply', 'replies')} of another request, which viewers ignore`]
      : []),
    ...(broken > 0 ? [vouched(broken, broken === 1 ? 'contradicts itself' : 'contradict themselves')] : []),
    ...(silent > 0
      ? [vouched(silent, `${silent === 1 ? 'has' : 'have'} no signed head for this window`)]
      : []),
    ...(early > 0
      ? [vouched(early, `${early === 1 ? 'has' : 'have'} no signed head for the end of it`)]
      : []),
    ...gapsText(gaps),
  ].join('; ')
}

function gapsText(gaps: Gap[]): string[] {
  const [gap] = gaps
  if (!gap) return []
  return gaps.length === 1 && gap.kind === 'begins_later' ? [gapLine(gap)] : ['this log has gaps']
}

function attemptsText({ total, refused }: Scope['attempts']): string {
  if (total === 0) return 'no attempts'
  const words = count(total, 'attempt')
  if (refused >= total) return `${words}, ${total === 1 ? 'refused by a camera' : 'all refused by cameras'}`
  return `${words}, ${total - refused} of them without a camera's word`
}

const filterText = ({ filter }: Scope): string =>
  Object.entries(filter)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('')

const section = (title: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map(line => `  ${line}`)]

const harmLines = ({ cameras }: Scope): string[] =>
  cameras.words
    .filter(word => word.foreign > 0)
    .map(word => `camera ${word.cam}  ${count(word.foreign, 'session')} live without a right ${span(word)}`)

const span = ({ since, until }: CameraWord): string =>
  since ? `between ${since} and ${until}` : `since it was paired, until ${until}`

const DOUBTS: { [D in Doubt]: string } = {
  no_head: 'no signed head for this window',
  head_too_early: 'its newest signed head speaks only until',
  contradiction: 'its signed heads contradict each other: its log was shortened, rewritten, or runs twice',
  bad_signature: 'a head that is kept for it does not verify: this file was changed',
}

function doubtLines({ cameras, gaps }: Scope): string[] {
  const words = cameras.words.filter(word => word.doubt !== undefined)
  const lines = words.map(({ cam, doubt, until }) => {
    const told = doubt === 'head_too_early' ? ` ${until}` : ''
    return `camera ${cam}  ${DOUBTS[doubt ?? 'no_head']}${told}`
  })
  return [...shorten(lines, 20), ...shorten(gaps.map(gapLine), 20)]
}

function gapLine(gap: Gap): string {
  if (gap.kind === 'no_run') return 'no server of this kind ran then, as far as this log goes'
  if (gap.kind === 'begins_later') return `this log begins at ${gap.at}`
  if (gap.kind === 'ended_unannounced')
    return `server ${gap.instance}  ended without saying so at ${gap.at}: what it routed in its last second may be missing`
  return `server ${gap.instance}  ${count(gap.messages, 'message')} not kept between ${gap.from} and ${gap.to}`
}

function attemptLines({ cameras, attempts }: Scope): string[] {
  const words = cameras.words
    .filter(word => refusals(word) > 0)
    .map(word => `camera ${word.cam}  refused ${codes(word)} ${span(word)}`)
  const strays = attempts.strays.first.map(
    stray =>
      `${stray.at}  ${stray.typ} ${stray.result}  asked ${stray.asked ?? '-'}  reached ${stray.reached ?? '-'}  from ${stray.from ?? '-'}  server ${stray.instance}`,
  )
  const more = attempts.strays.total - strays.length
  return [...shorten(words, 20), ...strays, ...(more > 0 ? [`and ${more} more messages`] : [])]
}

const codes = (word: CameraWord): string =>
  Object.entries(word.refused)
    .map(([code, times]) => `${code} ${times}`)
    .join(', ')

function countLines({ sessions, cameras }: Scope): string[] {
  const groups = Map.groupBy(
    sessions.by,
    each => `build ${each.build}  server ${each.instance}  ${each.integration}`,
  )
  const lines = [...groups].map(([name, each]) => {
    const total = each.reduce((sum, { sessions }) => sum + sessions, 0)
    const results = each.map(({ result, sessions }) => `${result} ${sessions}`).join(', ')
    return `${name}  ${total}: ${results}`
  })
  return [`${count(sessions.total, 'session')}, ${count(cameras.asked, 'camera')}`, ...shorten(lines, 40)]
}

const peopleLines = ({ people = [] }: Scope): string[] =>
  people.map(({ pseudonym, account }) => `${pseudonym}  ${account ?? 'nobody that is known any more'}`)

const listTitle = ({ sessions }: Scope): string =>
  sessions.first.length < sessions.total
    ? `THE FIRST ${sessions.first.length} OF THEM (all of them: --csv FILE)`
    : 'ALL OF THEM'

const sessionLine = (session: RoutedSession): string =>
  [
    session.first,
    session.sid,
    `from ${session.from ?? '-'}`,
    `to ${session.to ?? '-'}`,
    `asked ${session.asked}`,
    `reached ${session.reached ?? '-'}`,
    session.result,
    ...(session.suspect ? ['ASTRAY'] : []),
  ].join('  ')

const shorten = (lines: string[], most: number): string[] =>
  lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more`]

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

const COLUMNS = [
  'first',
  'last',
  'sid',
  'build',
  'instance',
  'integration',
  'from',
  'to',
  'asked',
  'reached',
  'result',
  'messages',
  'suspect',
] as const

export const CSV_HEAD = `${COLUMNS.join(',')}\n`

/** Ids, words and times, which hold no comma; a build's name is cleaned of it. */
export const csvLine = (session: RoutedSession): string =>
  `${COLUMNS.map(column => cell(session[column])).join(',')}\n`

function cell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value)
  return SPECIAL.test(text) ? text.replace(SPECIALS, '_') : text
}
const SPECIAL = /[",\r\n]/
const SPECIALS = /[",\r\n]/g
