import type { PolicyChange } from '@ownsight/protocol/policy-change'
import { type Admin, act, pair, refresh, submit } from './admin.ts'
import { type Asked, REPLY_TYP } from './bag.ts'
import { boot, type Camera, crash, kill, reset, showCode } from './camera.ts'
import type { Change, Command } from './commands.ts'
import { forge, forgePolicy, intrude, mutate, splice } from './insider.ts'
import { feed, serve, through } from './server.ts'
import { cameraEnds, connectToCamera, connectToInsider, viewerEnds } from './transport.ts'
import { closeAttempt, startWatch } from './viewer.ts'
import { as, pass, settle } from './virtual-time.ts'
import type { World } from './world.ts'

const YEAR_MS = 365 * 86_400_000

const newest = <T>(list: readonly T[], n: number): T | undefined =>
  list.at(-1 - (n % Math.max(1, list.length)))
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]
const open = (world: World): Asked[] => world.asked.filter(each => !each.done)

/** Plays one step to its end: until nothing moves without another. */
export async function play(world: World, command: Command): Promise<void> {
  await step(world, command)
  await settle()
}

async function step(world: World, command: Command): Promise<void> {
  switch (command.c) {
    case 'through':
      return through(world)
    case 'serve': {
      const asked = newest(open(world), command.ask)
      return asked && serve(world, asked)
    }
    case 'hint':
      return newest(open(world), command.ask)?.answer({ hint: 'offline' })
    case 'reply': {
      const asked = newest(open(world), command.ask)
      const found =
        asked && world.bag.pick(command.any ? undefined : replyTyp(asked, command.pick), command.pick)
      return found && asked?.answer({ ...found, e: mutate(world, found.e, command.mutation) })
    }
    case 'feed': {
      const camera = at(world.cameras, command.cam)
      const { event } = command
      const typ = event === 'pair' ? pairTyp(command.pick) : `os1-${event}`
      const found = world.bag.pick(command.any ? undefined : typ, command.pick)
      if (camera && found)
        await feed(world, camera, event, { ...found, e: mutate(world, found.e, command.mutation) })
      return
    }
    case 'dtls': {
      const viewer = newest(viewerEnds, command.viewer)
      const camera = newest(cameraEnds, command.camera)
      if (viewer && !(camera && connectToCamera(camera, { viewer }))) connectToInsider(viewer, world.mallory)
      return
    }
    case 'intrude':
      return intrude(world, command)
    case 'forge':
      return void (await forge(world, command.forgery))
    case 'forge-policy':
      return forgePolicy(world, command)
    case 'splice':
      return splice(world, command)
    default:
      return household(world, command)
  }
}

const replyTyp = ({ kind }: Asked, pick: number): string =>
  kind === 'pair' ? (pick % 2 ? 'os1-pair4' : 'os1-pair2') : REPLY_TYP[kind]
const pairTyp = (pick: number): string => (pick % 2 ? 'os1-pair3' : 'os1-pair1')

type Household = Exclude<
  Command,
  {
    c:
      | 'through'
      | 'serve'
      | 'hint'
      | 'reply'
      | 'feed'
      | 'dtls'
      | 'intrude'
      | 'forge'
      | 'forge-policy'
      | 'splice'
  }
>

/** What people do, and what befalls their cameras. */
async function household(world: World, command: Household): Promise<void> {
  switch (command.c) {
    case 'watch': {
      const viewer = at(world.viewers, command.viewer)
      const label = viewer && at([...viewer.pins.keys()], command.cam)
      if (viewer && label) startWatch(viewer, label, world.put)
      return
    }
    case 'leave': {
      const attempt = newest(
        world.viewers.flatMap(each => each.attempts).filter(each => !each.ended),
        command.attempt,
      )
      return attempt && closeAttempt(attempt)
    }
    case 'change':
      return change(world, command)
    case 'refresh': {
      const admin = at(world.admins, command.admin)
      const camId = admin && at([...admin.pins.keys()], command.cam)
      if (admin && camId)
        act(admin, async () => {
          await refresh(admin, camId, world.put)
          await submit(admin, camId, world.put, world.ledger.signed)
        })
      return
    }
    case 'pair': {
      const admin = at(world.admins, command.admin)
      const camera = world.cameras.find(each => each.process && !each.process.policies.state())
      if (!admin || !camera?.process || camera.process.device.dead) return
      const code = await as(camera.process.device, () => showCode(camera))
      if (code) act(admin, () => pair(admin, code, world.put, world.ledger.signed))
      return
    }
    case 'pass':
      return pass(command.s * 1000)
    default: {
      const camera = at(world.cameras, command.cam)
      return camera && befall(world, camera, command)
    }
  }
}

type Fate = Extract<Household, { c: 'boot' | 'kill' | 'crash' | 'reset' | 'skew' }>

async function befall(world: World, camera: Camera, fate: Fate): Promise<void> {
  switch (fate.c) {
    case 'boot':
      kill(camera)
      return boot(camera, world.events)
    case 'kill':
      return kill(camera)
    case 'crash':
      return crash(camera, fate.when)
    case 'reset':
      return reset(camera, world.events)
    case 'skew':
      camera.skewMs = fate.years * YEAR_MS
      if (camera.process) camera.process.device.skewMs = camera.skewMs
  }
}

function change(world: World, command: Extract<Command, { c: 'change' }>): void {
  const admin = at(world.admins, command.admin)
  const camId = admin && at([...admin.pins.keys()], command.cam)
  if (!admin || !camId) return
  const wish = policyChange(world, admin, command)
  admin.open.push({ camId, change: wish })
  if (wish.op === 'remove') world.ledger.removals.push({ camId, k: wish.k })
  act(admin, () => submit(admin, camId, world.put, world.ledger.signed))
}

function policyChange(
  world: World,
  admin: Admin,
  { change, whom }: { change: Change; whom: number },
): PolicyChange {
  const people = [...world.viewers.map(each => each.view), world.mallory.view]
  const person = at(people, whom) ?? admin.view
  switch (change) {
    case 'admit':
      return { op: 'admit', k: person.publicKey, r: ['view', 'audio'] }
    case 'guest':
      return { op: 'admit', k: person.publicKey, r: ['view'], exp: Math.floor(Date.now() / 1000) + 3600 }
    case 'look-only':
      return { op: 'rights', k: person.id, r: ['view'] }
    case 'remove':
      return { op: 'remove', k: person.id }
    case 'private':
      return { op: 'privacy', on: true }
    case 'public':
      return { op: 'privacy', on: false }
    case 'add-admin': {
      const other = world.admins[1] ?? admin
      return { op: 'add-admin', admin: other.admin.publicKey, view: other.view.publicKey }
    }
  }
}
