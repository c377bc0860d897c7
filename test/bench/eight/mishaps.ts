import { setTimeout as sleep } from 'node:timers/promises'
import type { Right } from '@ownsight/protocol/messages'
import type { PolicyChange } from '@ownsight/protocol/policy-change'
import { isServing } from '../../support/agent.ts'
import { change } from '../../support/owner-powers.ts'
import { until } from '../../support/wait.ts'
import type { HomeClock } from './clock.ts'
import type { EightHouse } from './house.ts'
import type { Seen, Visit } from './messages.ts'
import type { Mishap } from './plan.ts'
import { childrenOf } from './sample.ts'

export type Scene = {
  readonly house: EightHouse
  readonly clock: HomeClock
  readonly random: () => number
  visit(visit: Visit, onStay?: () => void): Promise<Seen>
}
type Undo = () => Promise<void>

const ALL: Right[] = ['view', 'audio']
/** Longer than a connection to signaling may be silent on either side. */
const HANG_MS = 20_000
const GRANT_S = 60
const NOTHING: Undo = async () => undefined

/** Does it, and returns how it is made good when the moment is over. @throws when it did not do what it should */
export async function happen(mishap: Mishap, scene: Scene): Promise<Undo> {
  const { house } = scene
  switch (mishap.is) {
    case 'crash':
      return crash(scene)
    case 'outage':
      await house.outages[0]?.end()
      return async () => house.outages[0]?.begin()
    case 'kill':
      await house.viewers[mishap.process]?.kill()
      return NOTHING
    case 'swap':
      return swap(mishap.cameras, scene)
    case 'hang':
      return hang(scene)
    case 'private':
      await put(scene, mishap.camera, { op: 'privacy', on: true })
      return () => put(scene, mishap.camera, { op: 'privacy', on: false })
    case 'remove':
      await put(scene, mishap.camera, { op: 'remove', k: guest(scene, mishap.person).id })
      return () => letIn(scene, mishap)
    case 'mute':
      await put(scene, mishap.camera, { op: 'rights', k: guest(scene, mishap.person).id, r: ['view'] })
      return () => letIn(scene, mishap)
    case 'expire':
      return expire(mishap, scene)
  }
}

type Whom = { camera: number; person: number }

const guest = ({ house }: Scene, person: number) => house.guests[person] as EightHouse['guests'][number]

async function put({ house }: Scene, camera: number, asked: PolicyChange): Promise<void> {
  const to = house.cameras[camera]
  if (to) await change(house.owner.socket, house.owner.admin, to, [asked])
}

const letIn = (scene: Scene, { camera, person }: Whom): Promise<void> =>
  put(scene, camera, { op: 'admit', k: guest(scene, person).key, r: ALL })

async function crash({ house, random }: Scene): Promise<Undo> {
  // The oldest is left alone while there are others: what it holds after hours is looked at.
  const [oldest, ...younger] = childrenOf(house.agent.child.pid ?? 0).sort((one, other) => one - other)
  const pid = younger[Math.floor(random() * younger.length)] ?? oldest
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  return NOTHING
}

/** Two cameras are opened at once, and what each process sends arrives at the other's place. */
async function swap(cameras: readonly [number, number], scene: Scene): Promise<Undo> {
  const { inside } = scene.house
  await inside.agent.set('toCross', 2)
  const visits = cameras.map((camera, person) =>
    scene.visit({ person, camera, codec: 'h264', sound: 'opus', frames: 20, leave: 'bye' }),
  )
  return async () => {
    await Promise.all(visits)
    await inside.agent.set('toCross', 0)
  }
}

/** The server does not answer until everybody has noticed, and then does again. */
async function hang({ house }: Scene): Promise<Undo> {
  const { agent, signaling, cameras } = house
  const from = agent.reports.length
  signaling.child.kill('SIGSTOP')
  await sleep(HANG_MS)
  signaling.child.kill('SIGCONT')
  const back = cameras.map(({ name }) =>
    agent.report(each => isServing(each) && 'camera' in each && each.camera === name, from),
  )
  return async () => void (await Promise.all(back))
}

/** A right that ends soon, used until it does. */
async function expire(whom: Whom, scene: Scene): Promise<Undo> {
  const { camera, person } = whom
  const exp = Math.floor(Date.now() / 1000) + GRANT_S
  const over = scene.clock.now() + GRANT_S
  await put(scene, camera, { op: 'rights', k: guest(scene, person).id, r: ALL, exp })
  const stays = Promise.withResolvers<void>()
  let seen: Seen | undefined
  void scene.visit({ person, camera, codec: 'h264', leave: 'closed' }, stays.resolve).then(each => {
    seen = each
    stays.resolve()
  })
  await stays.promise
  return async () => {
    await scene.clock.to(over + 2)
    const { code } = await until(() => seen, { timeout: 10_000, what: 'the end of a right that has expired' })
    if (code !== 'expired') throw new Error(`a right that ended was ended with ${code}`)
    await letIn(scene, whom)
  }
}
