import { type Asked, REPLY_TYP } from './bag.ts'
import type { Attacking, Command, Scheduling } from './commands.ts'
import { befall } from './fate.ts'
import { attackPairing, call, forge, forgePolicy, intrude, mutate, splice } from './insider.ts'
import { household } from './people.ts'
import { at, newest } from './pick.ts'
import { attackJoin, feedJoin } from './second-device.ts'
import { feed, serve, through } from './server.ts'
import { cameraEnds, connectToCamera, connectToInsider, viewerEnds } from './transport.ts'
import { settle } from './virtual-time.ts'
import type { World } from './world.ts'

/** Plays one step to its end: until nothing moves without another. */
export async function play(world: World, command: Command): Promise<void> {
  switch (command.of) {
    case 'server':
      await schedule(world, command)
      break
    case 'insider':
      await attack(world, command)
      break
    case 'people':
      await household(world, command)
      break
    case 'fate':
      await befall(world, command)
  }
  await settle()
}

async function schedule(world: World, command: Scheduling): Promise<void> {
  const asked = 'ask' in command ? newest(open(world), command.ask) : undefined
  switch (command.c) {
    case 'through':
      return through(world)
    case 'serve':
      return asked && serve(world, asked)
    case 'hint':
      return asked?.answer({ hint: 'offline' })
    case 'reply': {
      if (!asked) return
      const typ = command.any ? undefined : replyTyp(asked, command.pick)
      const found = world.bag.pick(typ, command.pick)
      const policy = world.bag.pick('os1-policy', command.pick)?.e
      return found && asked.answer({ ...found, e: mutate(world, found.e, command.mutation), policy })
    }
    case 'feed': {
      const camera = at(world.cameras, command.cam)
      const { event, pick } = command
      const typ = event === 'pair' ? (pick % 2 ? 'os1-pair3' : 'os1-pair1') : `os1-${event}`
      const found = world.bag.pick(command.any ? undefined : typ, pick)
      if (!camera || !found) return
      await feed(world, camera, event, { ...found, e: mutate(world, found.e, command.mutation) })
      return
    }
    case 'dtls': {
      const viewer = newest(viewerEnds, command.viewer)
      const camera = newest(cameraEnds, command.camera)
      if (viewer && !(camera && connectToCamera(camera, { viewer }))) connectToInsider(viewer, world.mallory)
    }
  }
}

const open = (world: World): Asked[] => world.asked.filter(each => !each.done)
const replyTyp = ({ kind }: Asked, pick: number): string =>
  kind === 'pair' || kind === 'join' ? `os1-${kind}${pick % 2 ? 4 : 2}` : REPLY_TYP[kind]

async function attack(world: World, command: Attacking): Promise<void> {
  switch (command.c) {
    case 'intrude':
      return intrude(world, command)
    case 'forge':
      return void (await forge(world, command.forgery))
    case 'forge-policy':
      return forgePolicy(world, command)
    case 'splice':
      return splice(world, command)
    case 'call':
      return call(world, command)
    case 'attack-join':
      return attackJoin(world)
    case 'feed-join': {
      const typ = command.pick % 2 ? 'os1-join3' : 'os1-join1'
      const found = world.bag.pick(command.any ? undefined : typ, command.pick)
      const joining = world.joinings.at(-1)
      if (!found || !joining) return
      const e = mutate(world, found.e, command.mutation)
      return void (await feedJoin(world, joining.offer.rid, { e, m: found.m ?? '' }))
    }
    case 'attack-pairing':
      return attackPairing(world)
  }
}
