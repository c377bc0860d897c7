import type { Invariant } from './invariant.ts'
import { I4, I10, I11 } from './policy-invariants.ts'
import { I1, I2, I3, I6 } from './session-invariants.ts'

/** Checked after every step. I5 is the honest end, I8 and I9 have properties of their own. */
export const INVARIANTS: readonly Invariant[] = [I1, I2, I3, I4, I6, I10, I11]
