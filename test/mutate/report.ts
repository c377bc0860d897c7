import { describeMutant, type Fate, isDead, type Mutant } from './mutant.ts'
import { reasonOf } from './reasons.ts'

/** At least this share of all mutants must die. */
export const LEAST = 0.9

export const survivorsOf = (mutants: readonly Mutant[]): Mutant[] => mutants.filter(mutant => !isDead(mutant))

export function enoughDied(mutants: readonly Mutant[]): boolean {
  return mutants.length > 0 && mutants.filter(isDead).length >= LEAST * mutants.length
}

/** Head and rows: one for each file, and one for all. */
export function rows(mutants: readonly Mutant[]): { head: string[]; rows: string[][] } {
  const head = [
    'file',
    'mutants',
    'killed',
    'timeout',
    'survived',
    'no coverage',
    'error',
    'with reason',
    'died',
  ]
  const files = [...Map.groupBy(mutants, mutant => mutant.file)].sort(([a], [b]) => (a < b ? -1 : 1))
  return { head, rows: [...files.map(([file, own]) => row(file, own)), row('all', mutants)] }
}

function row(name: string, mutants: readonly Mutant[]): string[] {
  const count = (fate: Fate): number => mutants.filter(mutant => mutant.fate === fate).length
  const fates = (['killed', 'timeout', 'survived', 'uncovered', 'error'] as const).map(count)
  const explained = survivorsOf(mutants).filter(mutant => reasonOf(mutant)).length
  return [name, ...[mutants.length, ...fates, explained].map(String), share(mutants)]
}

/** The table for a terminal. */
export function table(mutants: readonly Mutant[]): string {
  const { head, rows: body } = rows(mutants)
  const widths = head.map((_, column) => Math.max(...[head, ...body].map(cells => cells[column]!.length)))
  const pad = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
  return [head, ...body].map(cells => cells.map(pad).join('  ').trimEnd()).join('\n')
}

/** A line each: the change, and why it may live. */
export function listSurvivors(mutants: readonly Mutant[]): string {
  return survivorsOf(mutants)
    .map(mutant => {
      const reason = reasonOf(mutant)
      const why = reason ? `${reason.kind}: ${reason.why}` : 'NO REASON GIVEN'
      return `${describeMutant(mutant)}\n    ${mutant.fate === 'survived' ? '' : `${mutant.fate}; `}${why}`
    })
    .join('\n')
}

export function closing(mutants: readonly Mutant[]): string {
  const survivors = survivorsOf(mutants)
  const bare = survivors.filter(mutant => !reasonOf(mutant)).length
  const dead = mutants.length - survivors.length
  return `${dead} of ${mutants.length} mutants died (${share(mutants)}), ${survivors.length} survive, ${bare} of them without a reason`
}

/** Rounded down, so that 89.99 never reads as 90. */
function share(mutants: readonly Mutant[]): string {
  if (mutants.length === 0) return '-'
  return `${(Math.floor((1000 * mutants.filter(isDead).length) / mutants.length) / 10).toFixed(1)} %`
}
