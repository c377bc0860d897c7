import { keyId } from '@ownsight/protocol/ids'
import { WatchFault } from './failures.ts'
import type { Home } from './home.ts'
import { checkLog, readLog, remember, SeenFault, type SeenLog } from './seen.ts'
import { type Names, type SeenDay, storyOf } from './seen-story.ts'
import { type LiveSession, watch } from './watch.ts'

type Camera = Home['roster']['value'][number]

/** `isFirst`: this device had not seen the log before, and can say nothing of what it was */
export type Visit = { log: SeenLog; days: SeenDay[]; isFirst: boolean }

/** Opens a session without a picture, reads the log in it, and leaves. @throws WatchFault, SeenFault */
export async function visitLog(home: Home, camera: Camera, page: AbortSignal): Promise<Visit> {
  const { camId, key } = camera
  const session = await watch({
    camera: { camId, key },
    view: home.device.view,
    ask: home.signaling.request as never,
    peer: home.relays.peer,
    start: 'hold',
    signal: page,
  })
  try {
    const seen = await home.keystore.head(camId)
    const log = await readLog(camera, home.device.admin, session, seen)
    await note(home, camId, log)
    return { log, days: storyOf(log.entries, await namesOf(home)), isFirst: seen === undefined }
  } finally {
    session.peer.send(JSON.stringify({ t: 'bye' }))
    session.peer.close()
  }
}

/** At each live view of an owner: is all that was seen before still there? What cannot be read now is looked at next time. */
export async function checkSilently(home: Home, camera: Camera, session: LiveSession): Promise<void> {
  try {
    const seen = await home.keystore.head(camera.camId)
    await note(home, camera.camId, await checkLog(camera, home.device.admin, session, seen))
  } catch (error) {
    if (!(error instanceof SeenFault || error instanceof WatchFault) && !home.signal.aborted) throw error
  }
}

async function note(home: Home, camId: string, log: SeenLog): Promise<void> {
  await remember(home.keystore, camId, log)
  home.alarms.value = await home.keystore.marks('alarms')
}

async function namesOf(home: Home): Promise<Names> {
  const owner = await home.owner()
  const { view, admin } = home.device
  return {
    people: home.people.value,
    own: { view: view.id, admin: admin.id },
    ...(owner ? { root: await keyId(owner.root) } : {}),
  }
}
