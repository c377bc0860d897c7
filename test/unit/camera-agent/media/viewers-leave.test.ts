import assert from 'node:assert/strict'
import { TIERS, type Tier } from '@ownsight/camera-agent/media/tier'
import { createViewers } from '@ownsight/camera-agent/media/viewers'
import { seededRandom } from '../../../evil/world.ts'
import { fakeFeed } from './fake-feed.ts'

const CODECS = ['h264', 'vp8'] as const
/** Among these is 1257, which once left a viewer on a lane for ever. */
const SEEDS = { first: 1200, count: 200 }
const STEPS = 100

/** Viewers of a camera with two streams, who do whatever a viewer can in any order while its sources change. */
function playSome(seed: number) {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const main = fakeFeed({ passes: true, rate: 2e6, height: 720, sound: 'aac' })
  const sub = fakeFeed({ passes: true, rate: 3e5, height: 180 })
  let usable = true
  const viewers = createViewers(main.feed, () => (usable ? sub.feed : undefined))
  const open = new Set<ReturnType<typeof viewers.create>>()
  const enter = () => {
    const viewer = viewers.create(pick(CODECS), () => undefined, random() < 0.7 ? random() * 3e6 : undefined)
    viewer.begin()
    open.add(viewer)
  }
  const leave = (viewer: ReturnType<typeof viewers.create>) => {
    viewer.close()
    open.delete(viewer)
  }
  const any = () => pick([...open])
  const steps: (() => unknown)[] = [
    enter,
    () => leave(any()),
    () => any().setBudget(random() * (random() < 0.5 ? 3e6 : 1e5)),
    () => any().setHeight(pick([90, 200, 720])),
    () => any().hear(new Set(['opus']), () => undefined),
    () =>
      any()
        .hear(new Set(['pcmu']), () => undefined)
        .close(),
    () => any().requestKeyframe(),
    () =>
      Object.assign(pick([main, sub]).settings, {
        passes: random() < 0.5,
        rate: pick([undefined, 3e4, 3e6]),
      }),
    () => Object.assign(main.settings, { forbids: TIERS.filter(() => random() < 0.3) as Tier[] }),
    () => {
      usable = !usable
    },
    viewers.review,
    () => pick([main, sub]).send(pick(TIERS), random() < 0.5, random() * 1e6, pick(CODECS)),
  ]
  for (let i = 0; i < STEPS; i++) {
    if (open.size === 0) enter()
    pick(steps)()
  }
  return { main, sub, viewers, leaveAll: () => [...open].forEach(leave) }
}

describe('viewers who have left', () => {
  it('are on no lane and hear nothing, whatever was before: a source that somebody is on never closes', () => {
    for (let seed = SEEDS.first; seed < SEEDS.first + SEEDS.count; seed++) {
      const { main, sub, viewers, leaveAll } = playSome(seed)
      leaveAll()
      const taken = [main, sub].flatMap(({ feed }) => feed.lanes()).filter(({ routes }) => routes.size > 0)
      const heard = main.listeners.size + sub.listeners.size
      assert.deepEqual([viewers.count(), taken.length, heard], [0, 0, 0], `seed ${seed}`)
    }
  })
})
