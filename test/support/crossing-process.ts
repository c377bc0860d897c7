import { crossWhen } from './crossing.ts'

/**
 * Preloaded into an agent after `inside-process.ts`: as many media processes as it is told with `toCross` have their pipes
 * crossed, in pairs. It counts the pairs as `crossed`, and as `refused` the pipes that the agent would not read.
 * CROSSING=unchecked: it reads them all.
 */
const REFUSE = "if (!known) { counting.refused++; throw new RangeError('not the pipe of this process') }"

Object.assign(counting, { toCross: 0, crossed: 0, refused: 0 })
crossWhen(
  () => counting.toCross !== undefined && counting.toCross > 0 && counting.toCross-- > 0,
  process.env.CROSSING === 'unchecked' ? '' : REFUSE,
  () => {
    counting.crossed = (counting.crossed ?? 0) + 1
  },
)
