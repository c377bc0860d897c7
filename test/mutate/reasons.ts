import { guardReasons } from './guard-reasons.ts'
import type { Mutant } from './mutant.ts'
import { protocolReasons } from './protocol-reasons.ts'
import type { Reason } from './reason.ts'
import { sdpReasons } from './sdp-reasons.ts'

/** Of a survivor that none is for, the page says so. */
export const reasons: readonly Reason[] = [...protocolReasons, ...sdpReasons, ...guardReasons]

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
