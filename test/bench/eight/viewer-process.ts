import { connectViewer } from '../../support/owner.ts'
import { keyPairOf } from '../homes/make-home.ts'
import type { FromViewers, Person, Place, ToViewers } from './messages.ts'
import { makeVisit, type Stays, type Watcher } from './visit.ts'

/** Several viewers in one process, each with its keys and its connection to signaling. Talks by IPC with `viewers.ts`. */
const tell = (message: FromViewers): void => void process.send?.(message)
const stays: Stays = new Set()
let watchers: readonly Watcher[] = []
let place: Place | undefined

async function connect({ origin }: Place, { view, auth }: Person): Promise<Watcher> {
  const socket = await connectViewer(origin, await keyPairOf(auth))
  // As the viewer does: whom the server sends away comes back.
  socket.on('disconnect', reason => {
    if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 500)
  })
  return { view: await keyPairOf(view), socket }
}

process.on('message', async (message: ToViewers) => {
  if (message.do === 'connect') {
    place = message.place
    const at = message.place
    watchers = await Promise.all(message.people.map(person => connect(at, person)))
    tell({ is: 'connected' })
  } else if (message.do === 'turn') {
    await Promise.all([...stays].map(beat => beat()))
    tell({ is: 'turned' })
  } else {
    const { id, visit } = message
    const who = watchers[visit.person]
    const camera = place?.cameras[visit.camera]
    if (!who || !camera || !place) throw new Error('connect first')
    const markKey = Buffer.from(place.markKey, 'hex')
    const onStay = () => tell({ is: 'staying', id })
    tell({ is: 'seen', id, seen: await makeVisit(who, visit, { camera, markKey, stays, onStay }) })
  }
})
process.on('disconnect', () => process.exit(0))
