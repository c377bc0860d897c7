import type { Row } from './turn-look.ts'
import { BOUNDS, CREDENTIALS, LISTENING } from './turn-rows.ts'
import { CLOSED, PEERS } from './turn-rows-closed.ts'

export const ROWS: readonly Row[] = [...LISTENING, ...CREDENTIALS, ...BOUNDS, ...PEERS, ...CLOSED]

/** @throws where the renderer writes what no probe knows */
export function rowOf(line: string): Row {
  const row = ROWS.find(each => each.line.test(line))
  if (!row) throw new Error(`${line}: no probe shows that coturn obeys this line; add one to turn-options.ts`)
  return row
}

export const linesOf = (config: string): string[] =>
  config.split('\n').filter(line => line !== '' && !line.startsWith('#'))

/** The table of docs/TURN.md. */
export function optionTable(): string {
  const rows = ROWS.map(({ name, asks, yes, no, alone, same }) => {
    const note = same ?? (alone ? `with ${alone[0]}` : '')
    return `| ${name} | ${asks} | ${yes} | ${same ? 'the same' : no} | ${note} |`
  })
  return ['| line | asked | with it | without it | |', '|---|---|---|---|---|', ...rows].join('\n')
}
