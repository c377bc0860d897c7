import { installFastDate } from '../../support/fast-clock.ts'
import type { EightHouse } from './house.ts'

/** With somebody watching all the time a step stays below the silence after which a camera lets a viewer go. */
const STEP_S = 5

/** The hours of the home, in steps; whatever is on its way is waited for at each. */
export type HomeClock = {
  /** seconds since it was made */
  now(): number
  to(seconds: number): Promise<void>
}

const date = installFastDate()

export function createHomeClock({ inside, viewers }: Pick<EightHouse, 'inside' | 'viewers'>): HomeClock {
  let now = 0
  return {
    now: () => now,
    async to(seconds) {
      while (now < seconds) {
        const step = Math.min(STEP_S, seconds - now)
        now += step
        date.advance(step * 1000)
        await Promise.all([inside.signaling, inside.agent].map(each => each.advance(step * 1000)))
        // What the server asked, if they are still there above all, is answered and read before more time passes.
        await Promise.all([inside.agent.advance(0), ...viewers.map(each => each.turn())])
        await inside.signaling.advance(0)
      }
    },
  }
}
