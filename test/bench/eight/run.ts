import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../support/wait.ts'
import { createHomeClock } from './clock.ts'
import { type EightHouse, PEOPLE } from './house.ts'
import type { Seen, Visit } from './messages.ts'
import { happen, type Scene } from './mishaps.ts'
import type { Moment, Plan } from './plan.ts'
import { childrenOf, type Holding, holdingOf } from './sample.ts'
import { count, type Figures, noFigures } from './tally.ts'

export type Sample = { at: number; agent: Holding; signaling: Holding }
export type Run = { figures: Figures; samples: readonly Sample[] }

/** Who made an offer and never came is forgotten, and who was killed missed, after this. */
const FORGOTTEN_S = 20
/** A source stays open half a minute after its last viewer. */
const CLOSED_S = 40
/** Timers of a second have come by then, and what they end has ended. */
const SETTLED_MS = 1500
/** Somebody who looks at the first camera, and listens, and never leaves: the tablet on the wall. */
const TABLET: Visit = { person: 0, camera: 0, codec: 'h264', sound: 'opus', leave: 'closed' }

/** Plays the plan in the house, moment by moment. @param say told at each rest */
export async function play(
  house: EightHouse,
  plan: Plan,
  how: { random: () => number; say: (sample: Sample, figures: Figures) => void },
): Promise<Run> {
  const clock = createHomeClock(house)
  const figures = noFigures()
  const samples: Sample[] = []
  let isStaying = false

  const visit = async (wish: Visit, calm: boolean, onStay?: () => void): Promise<Seen> => {
    const { viewers } = house
    const seat = { ...wish, person: Math.floor(wish.person / viewers.length) }
    const process = viewers[wish.person % viewers.length] as EightHouse['viewers'][number]
    const seen = await process.visit(seat, onStay)
    count(figures, wish, seen, calm)
    return seen
  }
  const scene: Scene = {
    house,
    clock,
    random: how.random,
    visit: (wish, onStay) => visit(wish, false, onStay),
  }

  const areOnline = (): boolean =>
    house.cameras.every(({ name }) => {
      const told = house.agent.reports.findLast(
        each => (each.event === 'online' || each.event === 'offline') && each.camera === name,
      )
      return told?.event === 'online'
    })
  /** Whatever ended it: the tablet comes back. */
  async function stay(): Promise<void> {
    for (let tries = 0; !isStaying && tries < 10; tries++) {
      const settled = Promise.withResolvers<void>()
      void visit(TABLET, false, () => {
        isStaying = true
        settled.resolve()
      }).then(() => {
        isStaying = false
        settled.resolve()
      }, settled.reject)
      await settled.promise
    }
    await until(isSeen, { timeout: 30_000, what: 'the picture on the wall' })
  }
  /** Its source may have been what broke. */
  const isSeen = (): boolean => {
    const { name } = house.cameras[TABLET.camera] as EightHouse['cameras'][number]
    const told = house.agent.reports.findLast(each => each.event === 'source' && each.camera === name)
    return told?.event === 'source' && told.state === 'live'
  }

  async function live({ visits, mishap, when }: Moment): Promise<void> {
    if (mishap) figures.mishaps[mishap.is] = (figures.mishaps[mishap.is] ?? 0) + 1
    // Some mishaps have to be there first, others come in the middle.
    const isFirst = mishap?.is === 'swap' || mishap?.is === 'expire'
    const early = mishap && isFirst ? await happen(mishap, scene) : undefined
    const watching = visits.map(each => visit(each, mishap === undefined))
    await sleep(when)
    const undo = mishap && !isFirst ? await happen(mishap, scene) : early
    await Promise.all(watching)
    await undo?.()
  }

  async function rest(): Promise<void> {
    await stay()
    await clock.to(clock.now() + FORGOTTEN_S)
    await sleep(SETTLED_MS)
    await clock.to(clock.now() + CLOSED_S)
    const { agent, signaling, inside } = house
    const [home, server] = [agent.child.pid ?? 0, signaling.child.pid ?? 0]
    const isClosed = () => childrenOf(home).length === 1
    await until(isClosed, { timeout: 15_000, what: 'the end of all sources' }).catch(() => undefined)
    await sleep(SETTLED_MS)
    const sample = {
      at: clock.now(),
      agent: await holdingOf(home, inside.agent),
      signaling: await holdingOf(server, inside.signaling),
    }
    samples.push(sample)
    how.say(sample, figures)
  }

  for (const moment of plan.moments)
    try {
      await clock.to(moment.at)
      await until(areOnline, { timeout: 30_000, what: 'all cameras online' })
      await stay()
      await live(moment)
      if (moment.rest) await rest()
    } catch (error) {
      const { exitCode, signalCode } = house.agent.child
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the agent ended: ${house.agent.stderr()}`)
      // The rest of the day is worth seeing all the same.
      figures.faults.push(`${moment.mishap?.is ?? 'nothing'} at ${Math.round(moment.at)} s: ${String(error)}`)
    }
  await clock.to(plan.seconds)
  figures.offline = house.agent.reports.filter(each => each.event === 'offline').length
  return { figures, samples }
}

export const homeOf = ({ cameras, viewers }: EightHouse) => ({
  cameras: cameras.length,
  people: PEOPLE,
  processes: viewers.length,
  plain: cameras.flatMap(({ isPlain }, i) => (isPlain ? [i] : [])),
  heard: cameras.flatMap(({ pitch }, i) => (pitch === undefined ? [] : [i])),
})
