import type { PolicyChange } from '@ownsight/protocol/policy-change'
import { type Admin, act, pair, recover, refresh, release, submit } from './admin.ts'
import { showCode } from './camera.ts'
import type { Change, Household } from './commands.ts'
import { redeem } from './guest.ts'
import { at, newest } from './pick.ts'
import { join } from './second-device.ts'
import { closeAttempt, startWatch } from './viewer.ts'
import { as } from './virtual-time.ts'
import type { World } from './world.ts'

/** What people do with their devices. Each acts once and does not wait; what comes of it is the server's business. */
export async function household(world: World, command: Household): Promise<void> {
  switch (command.c) {
    case 'watch': {
      const viewer = at(world.viewers, command.viewer)
      const label = viewer && at([...viewer.pins.keys()], command.cam)
      if (viewer && label) startWatch(viewer, label, world.put)
      return
    }
    case 'leave': {
      const open = world.viewers.flatMap(each => each.attempts).filter(each => !each.ended)
      const attempt = newest(open, command.attempt)
      return attempt && closeAttempt(attempt)
    }
    case 'redeem':
      return redeem(world, command)
    case 'join':
      return join(world, command)
    case 'pair':
      return pairNew(world, command.admin)
    default: {
      const admin = at(world.admins, command.admin)
      const camId = admin && at([...admin.pins.keys()], command.cam)
      return admin && camId ? govern(world, admin, camId, command) : undefined
    }
  }
}

type Governing = Extract<Household, { c: 'change' | 'refresh' | 'recover' | 'release' }>

function govern(world: World, admin: Admin, camId: string, command: Governing): void {
  const { put } = world
  switch (command.c) {
    case 'change': {
      const change = policyChange(world, admin, camId, command)
      if (!change) return
      admin.open.push({ camId, change })
      noteRemoval(world, admin, camId, change)
      return act(admin, () => submit(admin, camId, world, command.eager))
    }
    case 'refresh':
      return act(admin, async () => {
        await refresh(admin, camId, put)
        await submit(admin, camId, world, false)
      })
    case 'recover': {
      const device = world.spareDevices.shift()
      if (device) act(admin, () => recover(admin, camId, device, world, command.ahead))
      return
    }
    case 'release':
      return act(admin, () => release(admin, camId, world))
  }
}

/** A removal stands until somebody lets the key in again. */
function noteRemoval(
  { ledger, viewers, mallory }: World,
  by: Admin,
  camId: string,
  change: PolicyChange,
): void {
  const { removals, chains } = ledger
  if (change.op === 'remove')
    removals.push({ camId, k: change.k, by, after: (chains.get(camId) ?? []).length })
  if (change.op !== 'admit') return
  const admitted = [...viewers.map(each => each.view), mallory.view].find(
    each => each.publicKey.x === change.k.x,
  )
  const moot = removals.filter(each => each.camId === camId && each.k === admitted?.id)
  for (const each of moot) removals.splice(removals.indexOf(each), 1)
}

async function pairNew(world: World, which: number): Promise<void> {
  const admin = at(world.admins, which)
  const camera = world.cameras.find(each => each.process && !each.process.policies.state())
  if (!admin || !camera?.process || camera.process.device.dead) return
  const code = await as(camera.process.device, () => showCode(camera))
  if (!code) return
  world.ledger.codes.set(code.camId, admin.root.id)
  act(admin, () => pair(admin, code, world))
}

function policyChange(
  world: World,
  admin: Admin,
  camId: string,
  { change, whom }: { change: Change; whom: number },
): PolicyChange | undefined {
  const people = [...world.viewers.map(each => each.view), world.mallory.view]
  const person = at(people, whom) ?? admin.view
  const hourFromNow = Math.floor(Date.now() / 1000) + 3600
  switch (change) {
    case 'admit':
      return { op: 'admit', k: person.publicKey, r: ['view', 'audio'] }
    case 'guest':
      return { op: 'admit', k: person.publicKey, r: ['view'], exp: hourFromNow }
    case 'look-only':
      return { op: 'rights', k: person.id, r: ['view'] }
    case 'remove':
      return { op: 'remove', k: person.id }
    case 'private':
      return { op: 'privacy', on: true }
    case 'public':
      return { op: 'privacy', on: false }
    case 'invite': {
      const invite = at(world.keys.invites, whom)
      return invite && { op: 'invite', k: invite.publicKey, r: ['view'], exp: hourFromNow }
    }
    case 'let-in': {
      const waiting = admin.waiting.get(camId)?.[0]
      return waiting && { op: 'admit', k: waiting.k, r: ['view'], inv: waiting.inv }
    }
  }
}
