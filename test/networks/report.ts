import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** docs/NETWORKS.md, docs/BENCH.md: one section for each measurement, written by the measurement itself. */
type Page = 'NETWORKS' | 'BENCH'

const marks = (name: string): [string, string] => [`<!-- ${name} -->`, `<!-- end of ${name} -->`]

/** Day, processors, memory and kernel of this machine. */
export const machine = (): string =>
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, kernel ${release().split('-')[0]}`

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Puts `text` in the place of the section's last measurement. @throws Error when the page has no such section */
export function write(name: string, text: string, where: Page = 'NETWORKS'): void {
  const [begin, end] = marks(name)
  const path = join(import.meta.dirname, `../../docs/${where}.md`)
  const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/${where}.md has no section ${name}`)
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`)
}
