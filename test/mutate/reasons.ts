import type { Mutant } from './mutant.ts'

/** Why a mutant may live. */
export type Reason = {
  readonly file: string
  /** the whole line the change begins in, trimmed; where the file has it twice, the reason is for both */
  readonly line: string
  /** `from → to`, white space as single blanks; left out, the reason is for every change that begins in the line */
  readonly change?: string
  /**
   * `equivalent`: no input tells it from the original. `unseen`: what differs is time, memory or the place of a check
   * that another repeats. `wording`: text for people or the log alone.
   */
  readonly kind: 'equivalent' | 'unseen' | 'wording'
  readonly why: string
}

/** In the order of files. Of a survivor no row is for, the page says so. */
export const reasons: readonly Reason[] = []

export function reasonOf(mutant: Mutant, known: readonly Reason[] = reasons): Reason | undefined {
  return known.find(
    ({ file, line, change }) =>
      file === mutant.file &&
      line === mutant.text &&
      (change === undefined || change === `${mutant.from} → ${mutant.to}`),
  )
}

/** Rows that no survivor of these needs any more: what they excused is dead, or the line is gone. */
export function staleReasons(
  survivors: readonly Mutant[],
  files: ReadonlySet<string>,
  known: readonly Reason[] = reasons,
): Reason[] {
  const used = new Set(survivors.map(mutant => reasonOf(mutant, known)))
  return known.filter(reason => files.has(reason.file) && !used.has(reason))
}
