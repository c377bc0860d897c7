import { refresh, submit } from './admin.ts'
import { boot, type Camera, kill } from './camera.ts'
import { forgetCrashes } from './disk.ts'
import { idOf } from './invariant.ts'
import { through } from './server.ts'
import { I1 } from './session-invariants.ts'
import { closeAttempt, startWatch } from './viewer.ts'
import { as, pass, settle, trueNow } from './virtual-time.ts'
import type { World } from './world.ts'

/**
 * I5: from here on the server is honest. Every removal a person ordered takes effect, and all that the server did before
 * has left nothing behind: who is let in sees the picture, and nobody else. Clocks stay as wrong as they are.
 * @param s how much later that is, in seconds: enough for every attempt to have ended
 */
export async function honestEnd(world: World, s: number): Promise<string | undefined> {
  await calm(world, s)
  for (let round = 0; round < 3; round++)
    for (const admin of world.admins)
      for (const camId of admin.pins.keys()) {
        const { name } = admin
        void as(admin.device, async () => {
          await refresh(admin, camId, world.put)
          await submit(admin, camId, world, false)
        }).catch(() => name)
        await settle()
        await through(world)
      }
  return lostRemoval(world) ?? (await everybodyTries(world))
}

async function calm(world: World, s: number): Promise<void> {
  forgetCrashes()
  for (const camera of world.cameras) {
    if (camera.process?.device.dead === false) continue
    kill(camera)
    await boot(camera, world.events)
  }
  for (const attempt of world.viewers.flatMap(each => each.attempts)) closeAttempt(attempt)
  for (const asked of world.asked) if (!asked.done) asked.answer({ hint: 'offline' })
  await settle()
  await pass(s * 1000)
}

const running = (world: World, camId: string): Camera | undefined =>
  world.cameras.find(each => each.cam.id === camId && each.process?.policies.current())

function lostRemoval(world: World): string | undefined {
  for (const { camId, k, by, after } of world.ledger.removals) {
    const current = running(world, camId)?.process?.policies.current()
    if (!current?.policy.admins.some(each => each.k.x === by.admin.publicKey.x)) continue
    const since = (world.ledger.chains.get(camId) ?? []).slice(after)
    const removed = since
      .map(hash => world.ledger.documents.get(hash)?.policy)
      .some(policy => policy && !policy.viewers.some(each => idOf(each.k) === k))
    if (!removed) return 'a removal was lost'
  }
  return undefined
}

async function everybodyTries(world: World): Promise<string | undefined> {
  for (const viewer of world.viewers)
    for (const camId of viewer.pins.keys()) {
      const camera = running(world, camId)
      const policy = camera?.process?.policies.current()?.policy
      if (!camera || !policy) continue
      const attempt = startWatch(viewer, camId, world.put)
      await settle()
      await through(world)
      const entry = policy.viewers.find(each => idOf(each.k) === viewer.view.id)
      const now = trueNow() / 1000
      const over = (entry?.exp ?? Number.POSITIVE_INFINITY) <= now
      const may = entry?.r.includes('view') && !policy.privacy && !over
      const unsure = entry?.exp !== undefined && camera.skewMs !== 0
      const sees = attempt?.rendered !== undefined
      const wrong = I1.check(world)
      if (wrong) return wrong
      if (attempt) closeAttempt(attempt)
      await settle()
      if (may && !sees && !unsure) return 'somebody who is let in sees nothing under an honest server'
      if (!may && sees && !unsure) return 'somebody who is not let in sees the picture'
    }
  return undefined
}
