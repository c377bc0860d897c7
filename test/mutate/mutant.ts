/** One small change of a source, and how it fared. */
export type Mutant = {
  readonly file: string
  /** of its first character, from 1 */
  readonly line: number
  /** the whole line it begins in, trimmed: what a reason is kept under, so that it may move */
  readonly text: string
  /** the name of Stryker's operator, such as `EqualityOperator` */
  readonly operator: string
  /** what stood there and what stands there now, on one line each */
  readonly from: string
  readonly to: string
  readonly fate: Fate
}

/** `error`: the process of the tests ended three times, so nobody knows. */
export type Fate = 'killed' | 'timeout' | 'survived' | 'uncovered' | 'error'

/** As Stryker reports it; lines and columns from 1. */
export type Reported = {
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly location: { readonly start: Position; readonly end: Position }
}
type Position = { readonly line: number; readonly column: number }

const fates: Readonly<Record<string, Fate>> = {
  Killed: 'killed',
  Timeout: 'timeout',
  Survived: 'survived',
  NoCoverage: 'uncovered',
  RuntimeError: 'error',
}

/** Undefined for one that was not tried. */
export function mutantOf(reported: Reported, file: string, source: string): Mutant | undefined {
  const fate = fates[reported.status]
  if (!fate) return undefined
  const { start, end } = reported.location
  const lines = source.split('\n')
  const [first, ...rest] = lines.slice(start.line - 1, end.line)
  const last = rest.pop()
  const from =
    last === undefined
      ? first!.slice(start.column - 1, end.column - 1)
      : [first!.slice(start.column - 1), ...rest, last.slice(0, end.column - 1)].join('\n')
  return {
    file,
    line: start.line,
    text: first!.trim(),
    operator: reported.mutatorName,
    from: oneLine(from),
    to: oneLine(reported.replacement ?? ''),
    fate,
  }
}

export function isDead({ fate }: Mutant): boolean {
  return fate === 'killed' || fate === 'timeout'
}

/** `file:line  from → to`, short enough for a terminal. */
export function describeMutant({ file, line, from, to }: Mutant): string {
  return `${file}:${line}  ${cut(from)} → ${cut(to)}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

function cut(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 40)} … ${text.slice(-15)}`
}
