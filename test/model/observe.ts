import { learnKeys, live } from './invariant.ts'
import type { World } from './world.ts'

/** Writes down what is in force and live now. */
export async function observe(world: World): Promise<void> {
  for (const { cam, process } of world.cameras) {
    const current = process?.policies.current()
    if (!current || process?.device.dead) continue
    const chain = world.ledger.chains.get(cam.id) ?? []
    if (chain.at(-1) === current.hash) continue
    world.ledger.chains.set(cam.id, [...chain, current.hash])
    await learnKeys(current.policy)
  }
  for (const end of live()) world.ledger.lived.add(end)
}

/** Afterwards, so that the next step is compared with this one. */
export function remember(world: World): void {
  for (const { name, cam } of world.cameras) world.ledger.keys.set(name, cam.id)
}
