import type { ToCamera, ToViewer } from '@ownsight/protocol/channel'
import type { KeyPair } from '@ownsight/protocol/ids'
import type { Socket } from 'socket.io-client'
import { watchHeadless } from '../../evil/headless-viewer.ts'
import { until } from '../../support/wait.ts'
import { createHeadlessPeer, type Packet } from '../homes/peer.ts'
import { ENOUGH, listenTo } from './ears.ts'
import { createEyes } from './eyes.ts'
import type { KnownCamera, Seen, Visit } from './messages.ts'

const PATIENCE_MS = 8000
/** A last word is on its way by then. */
const WORD_MS = 50
const ALIVE_MS = 2000

export type Watcher = { view: KeyPair; socket: Socket }
/** A visit that lasts, so that it can be kept alive. */
export type Stays = Set<() => Promise<void>>

/** One visit of one viewer, through the viewer's own flow, and what was seen of it. It never throws. */
export async function makeVisit(
  who: Watcher,
  visit: Visit,
  at: { camera: KnownCamera; markKey: Buffer; stays: Stays; onStay: () => void },
): Promise<Seen> {
  const { camera, markKey } = at
  const eyes = createEyes(visit.codec, camera, markKey)
  const heard: Buffer[] = []
  const ended = new AbortController()
  const watching = watchHeadless(who, camera, {
    start: visit.hold ? 'hold' : 'now',
    onState: state => {
      if (state === 'offered' && visit.leave === 'cancelled') setImmediate(() => ended.abort())
      if (state === 'answer_ok' && visit.leave === 'absent') ended.abort()
    },
    peer: signal =>
      createHeadlessPeer(AbortSignal.any([signal, ended.signal]), eyes.take, undefined, {
        video: [visit.codec],
        ...(visit.sound ? { sound: visit.sound } : {}),
        onSound: ({ payload }: Packet) => void (heard.length < ENOUGH * 2 && heard.push(payload)),
      }),
  })
  let code: string | undefined
  let mayHear = false
  ended.signal.addEventListener('abort', () => void watching.close())
  try {
    const session = await watching.session
    const say = (message: ToCamera): void => session.peer.send(JSON.stringify(message))
    code = await look(session, say)
    if (visit.leave === 'bye') say({ t: 'bye' })
    await new Promise(resolve => setTimeout(resolve, WORD_MS))
  } catch (error) {
    code = String((error as { code?: unknown }).code ?? 'no_frames')
  }
  ended.abort()
  await watching.close()
  await eyes.close()
  const { sound } = visit
  const seen: Seen = { ...eyes.tally, ...(code ? { code } : {}) }
  if (sound && (heard.length > 0 || (!code && mayHear))) seen.heard = await listenTo(sound, heard, camera)
  return seen

  /** Until enough is seen, or the session is over: why then. */
  async function look(
    session: Awaited<typeof watching.session>,
    say: (message: ToCamera) => void,
  ): Promise<string | undefined> {
    const over = Promise.withResolvers<string>()
    let onBeat = (): void => undefined
    session.onMessage((message: ToViewer) => {
      if (message.t === 'ended') over.resolve(message.code)
      if (message.t === 'heartbeat') onBeat()
    })
    void session.peer.closed.then(() => over.resolve('closed'))
    const alive = setInterval(() => say({ t: 'alive' }), ALIVE_MS)
    const beat = (): Promise<void> => {
      const heardOf = new Promise<void>(resolve => {
        onBeat = resolve
      })
      say({ t: 'alive' })
      return Promise.race([heardOf, over.promise.then(() => undefined)])
    }
    try {
      if (visit.height !== undefined) say({ t: 'tile', height: visit.height })
      if (visit.sound) say({ t: 'listen', on: true })
      if (visit.hold) say({ t: 'play' })
      const { frames } = visit
      if (frames === undefined) {
        at.stays.add(beat)
        at.onStay()
        return await over.promise
      }
      mayHear = session.granted.r.includes('audio') && camera.pitch !== undefined
      const most = visit.sound && mayHear ? ENOUGH : 0
      const enough = () => eyes.tally.own + eyes.tally.foreign >= frames && heard.length >= most
      const seen = until(enough, { timeout: PATIENCE_MS, what: 'pictures' }).then(() => undefined)
      return await Promise.race([seen, over.promise])
    } finally {
      at.stays.delete(beat)
      clearInterval(alive)
    }
  }
}
