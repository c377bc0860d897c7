import { describeMutant, type Mutant } from './mutant.ts'
import type { Reason } from './reason.ts'
import { reasonOf, staleReasons } from './reasons.ts'
import { closing, rows, survivorsOf } from './report.ts'

const kinds: Readonly<Record<Reason['kind'], string>> = {
  equivalent: 'No input tells them from the original',
  unseen: 'They change time, memory, or a check that another repeats',
  wording: 'They change a text for people or the log alone',
}

/** docs/MUTANTS.md for a run over everything. `machine` is a line with the day and the machine. */
export function renderPage(mutants: readonly Mutant[], machine: string, minutes: number): string {
  const { head, rows: body } = rows(mutants)
  const survivors = survivorsOf(mutants)
  const bare = survivors.filter(mutant => !reasonOf(mutant))
  const stale = staleReasons(survivors, new Set(mutants.map(mutant => mutant.file)))
  return `# Mutants

Written by \`npm run mutate\`: every source of \`protocol/\` and of the guard (\`camera-agent/src/rtc\`) is changed in each
small way that StrykerJS knows (conditions, boundaries, logic, arithmetic, texts, expressions, blocks removed, arrays and
objects emptied, optional chaining, methods), one change at a time, and the tests that reach it are run. A change that no
test notices is a survivor. What it shows beyond \`npm run musts\`: not only the checks that somebody named have a test.

${machine}; ${Math.round(minutes)} minutes.

**${closing(mutants)}.**

${markdown(head, body)}

## Survivors without a reason
${bare.length === 0 ? 'None.' : bare.map(line).join('\n')}

${Object.entries(kinds)
  .map(([kind, title]) => section(title, survivors, kind as Reason['kind']))
  .join('\n\n')}
${stale.length === 0 ? '' : `\n## Reasons no longer needed\n${stale.map(({ file, line, change }) => `- ${file}: ${code(change ?? line)}`).join('\n')}\n`}`
}

function section(title: string, survivors: readonly Mutant[], kind: Reason['kind']): string {
  const own = survivors.filter(mutant => reasonOf(mutant)?.kind === kind)
  const groups = [...Map.groupBy(own, mutant => reasonOf(mutant)!)]
  const text = groups.map(([{ why }, mutants]) => `${mutants.map(line).join('\n')}\n  ${why}`)
  return `## ${title}\n${text.length === 0 ? 'None.' : text.join('\n')}`
}

function line(mutant: Mutant): string {
  const fate =
    mutant.fate === 'survived' ? '' : ` (${mutant.fate === 'uncovered' ? 'no test reaches it' : mutant.fate})`
  return `- ${code(describeMutant(mutant))}${fate}`
}

function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${text.startsWith('`') || text.endsWith('`') ? ` ${text} ` : text}${fence}`
}

function markdown(head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string => `| ${row.join(' | ')} |`
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'))
  return [cells(head), cells(rule), ...body.map(cells)].join('\n')
}
