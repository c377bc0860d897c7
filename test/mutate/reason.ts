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

/** Reasons for one source, each as line, change ("" for any), kind, why. */
export const reasonsFor = (
  file: string,
  rows: readonly (readonly [line: string, change: string, kind: Reason['kind'], why: string])[],
): Reason[] => rows.map(([line, change, kind, why]) => ({ file, line, ...(change && { change }), kind, why }))
