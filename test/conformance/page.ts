import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageTable } from './message-table.ts'
import { musts } from './musts.ts'
import { root } from './mutant-tree.ts'

/** docs/PROTOCOL.md: its MUSTs, and the tables in it that are rendered from source. */
export const pagePath = join(root, 'docs', 'PROTOCOL.md')

/** The numbers that the page gives a MUST: a list item that begins with one. */
export const mustsOf = (page: string): string[] =>
  [...page.matchAll(/^- \*\*(M-\d+\.\d+)\*\* /gm)].map(match => match[1] ?? '')

type Table = { name: string; render: () => string }

const tables: readonly Table[] = [
  { name: 'messages', render: messageTable },
  { name: 'limits', render: limitsTable },
  { name: 'musts', render: mustsTable },
]

const marked = (name: string): RegExp =>
  new RegExp(`(<!-- table ${name}: written by npm run musts -- --write -->\\n)[\\s\\S]*?(<!-- end -->)`)

/** The page with every table as the sources have it now. */
export function withTables(page: string): string {
  return tables.reduce((text, { name, render }) => {
    if (!marked(name).test(text)) throw new Error(`docs/PROTOCOL.md has no place for the table ${name}`)
    return text.replace(marked(name), (_, before: string, after: string) => `${before}${render()}\n${after}`)
  }, page)
}

function mustsTable(): string {
  const rows = musts.map(row => {
    const where = row.file.replace(/^(.*)\/src\//, '$1/')
    return `| ${row.must} | ${where}: ${row.removes} | ${row.test.replace('test/', '')}: ${row.grep} |`
  })
  const cell = (line: string) => line.replaceAll('`', '')
  return ['| MUST | removed | the test that dies |', '|---|---|---|', ...rows.map(cell)].join('\n')
}

/** Name, value and unit of every limit, and its comment, from limits.ts itself. */
function limitsTable(): string {
  const source = readFileSync(join(root, 'protocol', 'src', 'limits.ts'), 'utf8')
  const rows: string[] = []
  let note = ''
  for (const line of source.split('\n')) {
    const comment = /^\/\*\* (.*) \*\/$/.exec(line)?.[1]
    const [, name, value] = /^export const ([A-Z0-9_]+) = (.*)$/.exec(line) ?? []
    if (comment !== undefined) note = comment
    else if (name && value) {
      rows.push(
        `| ${name} | ${evaluate(value)} | ${unitOf(name)} | ${note.replace(/ \(PROTOCOL.md §\d+[^)]*\)/, '')} |`,
      )
      note = ''
    } else note = ''
  }
  return ['| limit | value | unit | note |', '|---|---|---|---|', ...rows].join('\n')
}

/** A product or a power of whole numbers, as limits.ts writes them. */
function evaluate(expression: string): string {
  const clean = expression.replaceAll('_', '')
  const [base, power] = clean.split(' ** ').map(Number)
  const value =
    power === undefined
      ? clean.split(' * ').reduce((product, each) => product * Number(each), 1)
      : (base ?? 0) ** power
  if (!Number.isSafeInteger(value)) throw new Error(`limits.ts: ${expression} is no whole number`)
  return String(value)
}

function unitOf(name: string): string {
  if (name.endsWith('_MS')) return 'ms'
  if (name.endsWith('_S')) return 's'
  if (/BYTES$|_MAX_LINE$/.test(name)) return 'bytes'
  return ''
}
