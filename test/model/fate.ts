import { boot, type Camera, crash, kill, reset } from './camera.ts'
import type { Fate } from './commands.ts'
import { at } from './pick.ts'
import { pass } from './virtual-time.ts'
import type { World } from './world.ts'

const YEAR_MS = 365 * 86_400_000

/** What befalls cameras: power, clocks, the button; and time. */
export async function befall(world: World, fate: Fate): Promise<void> {
  if (fate.c === 'pass') return pass(fate.s * 1000)
  const camera = at(world.cameras, fate.cam)
  if (!camera) return
  switch (fate.c) {
    case 'boot':
      kill(camera)
      return boot(camera, world.events)
    case 'kill':
      return kill(camera)
    case 'crash':
      return crash(camera, fate.when)
    case 'reset':
      world.ledger.left.add(camera.cam.id)
      return reset(camera, world.events)
    case 'skew':
      skew(camera, fate.years)
      // The camera looks again each second.
      return pass(1000)
  }
}

export function skew(camera: Camera, years: number): void {
  camera.skewMs = years * YEAR_MS
  if (camera.process) camera.process.device.skewMs = camera.skewMs
}
