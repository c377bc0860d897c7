import type { LiveView } from '../../../viewer/src/live-view.ts'
import { keyPairOf } from '../../bench/homes/make-home.ts'
import { installBrowserDtls } from './browser-dtls.ts'
import { connectDevice } from './client.ts'
import type { FromViewers, Opened, Person, Place, ToViewers } from './messages.ts'
import { loadPage } from './page-modules.ts'
import { type Watcher, watchWithoutBrowser } from './view.ts'

/**
 * Many viewers in one process: each with keys, a connection to signaling and a live view of its own, as a page has them.
 * Talks by IPC with crowd.ts.
 */
let watchers: Watcher[] = []

async function connect(place: Place, people: readonly Person[], cameras: readonly Watcher['camera'][]) {
  const page = await loadPage(place.origin)
  for (const person of people) {
    const [view, auth] = await Promise.all([keyPairOf(person.view), keyPairOf(person.auth)])
    const camera = cameras[person.camera]
    if (!camera) throw new Error(`there is no camera ${person.camera}`)
    watchers.push({ page, client: connectDevice(page, auth), view, camera, stun: place.stun })
  }
  await Promise.all(watchers.map(({ client }) => client.online()))
}

/** One tap; nothing else is done until it is live, or the patience is over. */
function open(watcher: Watcher, patience: number, ended: AbortSignal): Promise<Opened> {
  const start = performance.now()
  const failed: string[] = []
  const steps: string[] = []
  const live: LiveView = watchWithoutBrowser(watcher, {
    signal: ended,
    onEnd: code => failed.push(code),
    onStep: (attempt, state) => steps.push(`${Math.round(performance.now() - start)} ${attempt} ${state}`),
  })
  return new Promise(resolve => {
    const late = setTimeout(() => resolve({ failed, steps }), patience)
    const stop = live.state.subscribe(state => {
      if (state !== 'live') return
      clearTimeout(late)
      queueMicrotask(() => stop())
      resolve({ ms: performance.now() - start, failed, steps })
    })
  })
}

/** All at the same moment. What came stays until the last has come. */
async function openAll(patience: number): Promise<Opened[]> {
  await Promise.all(watchers.map(({ client }) => client.online()))
  const ended = new AbortController()
  const results = await Promise.all(watchers.map(watcher => open(watcher, patience, ended.signal)))
  ended.abort()
  return results
}

const tell = (message: FromViewers): void => void process.send?.(message)

process.on('message', async (message: ToViewers) => {
  if (message.do === 'connect') {
    installBrowserDtls()
    watchers = []
    await connect(message.place, message.people, message.cameras)
    tell({ is: 'connected' })
  } else tell({ is: 'opened', results: await openAll(message.patience) })
})
process.on('disconnect', () => process.exit(0))
