import { openRedeemed, sealRedeem } from '@ownsight/protocol/invite'
import { newestWindow } from './insider.ts'
import { at } from './pick.ts'
import { as } from './virtual-time.ts'
import type { World } from './world.ts'

/** Somebody opens an invitation's link: the one it was sent to, or Mallory, to whom it was passed on. */
export async function redeem(
  world: World,
  wish: { who: number; cam: number; invite: number },
): Promise<void> {
  const camera = at(world.cameras, wish.cam)
  const open = camera?.process?.policies.current()?.policy.invites ?? []
  // A link that is good for this camera when there is one, else one that is not.
  const good = world.keys.invites.filter(each => open.some(({ k }) => k.x === each.publicKey.x))
  const invite = at(good.length > 0 ? good : world.keys.invites, wish.invite)
  if (!invite || !camera) return
  const camId = camera.cam.id
  const win = newestWindow(world, camId)
  if (win === undefined) return
  const viewer = at([...world.viewers.slice(4), undefined], wish.who)
  const view = viewer?.view ?? world.mallory.view
  const by = viewer?.name ?? 'mallory'
  const device = viewer?.device ?? { name: by, skewMs: 0, dead: false }
  void as(device, async () => {
    const e = await sealRedeem({ invite, view, camId, win })
    const reply = await world.put({ kind: 'redeem', camId, body: { e }, by })
    if (!('e' in reply)) return
    const key = await openRedeemed(reply.e, { camId, view: view.id, invite: invite.id })
    viewer?.pins.set(camId, key)
  }).catch(() => undefined)
}
