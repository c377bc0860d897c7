import { parseToViewer, type ToCamera, type ToViewer } from '@ownsight/protocol/channel'
import { envelopeHash } from '@ownsight/protocol/envelope'
import type { Reply } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { openHead } from '@ownsight/protocol/log-chain'
import type { Payload, Right } from '@ownsight/protocol/messages'
import { openAck, sealRead } from '@ownsight/protocol/read'
import { newSid, openAnswer, openRefusal, sealConfirm, sealOffer } from '@ownsight/protocol/session'
import type { Socket } from 'socket.io-client'
import { type Pinned, Refused, windowOf } from './owner-powers.ts'
import { until } from './wait.ts'
import { createViewer, type WeriftViewer } from './werift-viewer.ts'

const ALIVE_MS = 2000

/** One session of a viewer without a browser, with every wire of it in the test's hands. */
export type LiveSession = {
  readonly viewer: WeriftViewer
  readonly th: string
  readonly granted: readonly Right[]
  /** everything the camera said, in order */
  heard<T extends ToViewer['t']>(t: T): Extract<ToViewer, { t: T }>[]
  /** waits for the first of them */
  hears<T extends ToViewer['t']>(t: T): Promise<Extract<ToViewer, { t: T }>>
  say(message: ToCamera): void
  /** Sends a policy over this session and checks the camera's confirmation. */
  deliver(policy: { jws: string; hash: string }): Promise<void>
  /** Reads the whole log from a line on; throws Refused. */
  readLog(
    asker: KeyPair,
    from: number,
    th?: string,
  ): Promise<{ lines: string[]; head: Payload<'os1-head'>; pages: number }>
  close(): Promise<void>
}

export type Watcher = { view: KeyPair; socket: Socket }

/** The camera's signed reply to one offer: an answer, or the code of its refusal. */
export async function offerOnce(
  { view, socket }: Watcher,
  camera: Pinned,
  offered: { sdp: string; want?: Right[]; start?: 'now' | 'hold' },
) {
  const { camId, key } = camera
  const sid = newSid()
  const win = await windowOf(socket, camId)
  const { sdp, want = ['view'], start = 'now' } = offered
  const { offer, oh } = await sealOffer({ view, camId, win, sid, sdp, want, start })
  const attempt = { pin: key, camId, view: view.id, sid, oh }
  const reply: Reply<'offer'> = await socket.timeout(20_000).emitWithAck('offer', { cam: camId, offer })
  if ('hint' in reply) throw new Error(`no answer: ${reply.hint}`)
  if ('refuse' in reply)
    throw new Refused({ refused: (await openRefusal(reply.refuse, attempt)).payload.code })
  const { answer, sdp: camera_ } = await openAnswer(reply.answer, attempt)
  return { sid, oh, answer: reply.answer, sdp: camera_, granted: answer.payload.r }
}

/** Watches until `close`. @throws Refused with the camera's code */
export async function watchLive(
  who: Watcher,
  camera: Pinned,
  options: {
    want?: Right[]
    talk?: boolean
    listen?: boolean
    start?: 'now' | 'hold'
    patience?: number
    preload?: string
  } = {},
): Promise<LiveSession> {
  const { preload } = options
  const viewer = await createViewer({
    talk: options.talk === true,
    listen: options.listen === true,
    preload,
  })
  try {
    const made = await offerOnce(who, camera, { ...options, sdp: viewer.offer })
    await viewer.accept(made.sdp, 30_000)
    const session = { camId: camera.camId, sid: made.sid, oh: made.oh, ah: await envelopeHash(made.answer) }
    const { confirm, th } = await sealConfirm(who.view, session)
    viewer.send(JSON.stringify({ t: 'confirm', jws: confirm }))
    const live = liveSession(viewer, camera, { th, granted: made.granted })
    const timeout = options.patience ?? 30_000
    await until(() => live.heard('confirmed')[0], { timeout, what: 'confirmed from the camera' })
    return live
  } catch (error) {
    await viewer.close()
    throw error
  }
}

function liveSession(
  viewer: WeriftViewer,
  camera: Pinned,
  session: { th: string; granted: readonly Right[] },
): LiveSession {
  const { camId, key: pin } = camera
  const say = (message: ToCamera): void => viewer.send(JSON.stringify(message))
  const timer = setInterval(() => say({ t: 'alive' }), ALIVE_MS)
  let ids = 0
  function heard<T extends ToViewer['t']>(t: T): Extract<ToViewer, { t: T }>[] {
    const messages = viewer.messages.map(parseToViewer)
    return messages.filter((message): message is Extract<ToViewer, { t: T }> => message.t === t)
  }
  const replyTo = (id: number) =>
    until(() => viewer.messages.map(parseToViewer).find(message => 'id' in message && message.id === id), {
      timeout: 30_000,
      what: `the reply to ${id}`,
    })
  const hears: LiveSession['hears'] = t =>
    until(() => heard(t)[0], { timeout: 30_000, what: `${t} from the camera` }) as never

  async function deliver(policy: { jws: string; hash: string }): Promise<void> {
    const id = ids++
    say({ t: 'policy', id, policy: policy.jws })
    const reply = await replyTo(id)
    if (reply.t !== 'ack') throw new Refused({ refused: reply.t === 'refused' ? reply.code : reply.t })
    await openAck(reply.ack, { camId, pin, ph: policy.hash })
  }

  async function readPage(asker: KeyPair, from: number, th: string) {
    const id = ids++
    const { read } = await sealRead(asker, { camId, what: 'log', th, from })
    say({ t: 'read', id, read })
    const reply = await replyTo(id)
    if (reply.t !== 'log') throw new Refused({ refused: reply.t === 'refused' ? reply.code : reply.t })
    return reply
  }

  async function readLog(asker: KeyPair, from: number, th = session.th) {
    const lines: string[] = []
    for (let pages = 1; ; pages++) {
      const page = await readPage(asker, from + lines.length, th)
      lines.push(...page.lines)
      if (!page.more) return { lines, pages, head: await openHead(page.head, pin, camId) }
    }
  }

  return {
    viewer,
    ...session,
    heard,
    hears,
    say,
    deliver,
    readLog,
    async close() {
      clearInterval(timer)
      if (viewer.isOpen()) say({ t: 'bye' })
      await viewer.close()
    },
  }
}
