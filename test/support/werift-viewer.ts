import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from './wait.ts'
import type { FromViewerProcess, ToViewerProcess } from './werift-viewer-process.ts'

export type Rtp = { timestamp: number; ssrc: number; marker: boolean; kind: string }
export type WeriftViewer = {
  readonly offer: string
  readonly messages: string[]
  readonly states: string[]
  /** every RTP packet that arrived so far */
  readonly rtp: Rtp[]
  isOpen(): boolean
  /** Gives it the camera's answer and waits until its data channel is open. */
  accept(answer: string, timeout?: number): Promise<void>
  /** Gives it the answer and waits for nothing. */
  take(answer: string): void
  send(text: string): void
  /** Opens another channel in-band (RFC 8832), which no honest viewer does. */
  openChannel(label: string): void
  requestKeyframe(): void
  /** Sends RTP to the camera, as a viewer that talks. */
  sendRtp(packets: number): void
  close(): Promise<void>
  /** as a phone whose battery is taken out */
  kill(): void
  /** for what a preloaded module says and hears */
  readonly child: ChildProcess
}

/**
 * A viewer in a process of its own, with its offer made.
 * @param options.talk it offers to send sound
 * @param options.listen to hear it
 * @param options.loseCookieAck its first word that its channel is open does not arrive
 * @param options.preload a module that is loaded before it
 */
export async function createViewer(
  options: { talk?: boolean; listen?: boolean; loseCookieAck?: boolean; preload?: string | undefined } = {},
): Promise<WeriftViewer> {
  const program = join(import.meta.dirname, 'werift-viewer-process.ts')
  const args = [
    ...(options.talk ? ['talk'] : []),
    ...(options.listen ? ['listen'] : []),
    ...(options.loseCookieAck ? ['lose-cookie-ack'] : []),
  ]
  const execArgv = options.preload ? [...process.execArgv, '--import', options.preload] : process.execArgv
  const child = fork(program, args, { stdio: 'inherit', execArgv })
  const viewer = {
    offer: '',
    messages: [] as string[],
    states: [] as string[],
    rtp: [] as Rtp[],
    open: false,
  }
  child.on('message', (message: FromViewerProcess) => {
    if (message.is === 'offer') viewer.offer = message.sdp
    if (message.is === 'state') viewer.states.push(message.state)
    if (message.is === 'open') viewer.open = true
    if (message.is === 'message') viewer.messages.push(message.text)
    if (message.is === 'rtp') viewer.rtp.push(message.last)
  })
  await until(() => viewer.offer, { timeout: 15_000, what: 'the offer' })
  const tell = (message: ToViewerProcess): void => void (child.connected && child.send(message))
  return {
    offer: viewer.offer,
    messages: viewer.messages,
    states: viewer.states,
    rtp: viewer.rtp,
    isOpen: () => viewer.open,
    take: answer => tell({ do: 'accept', answer }),
    async accept(answer, timeout = 10_000) {
      tell({ do: 'accept', answer })
      await until(() => viewer.open, { timeout, what: "the viewer's channel" })
    },
    send: text => tell({ do: 'send', text }),
    openChannel: label => tell({ do: 'openChannel', label }),
    requestKeyframe: () => tell({ do: 'keyframe' }),
    sendRtp: packets => tell({ do: 'rtp', packets }),
    close: () => ended(child, () => tell({ do: 'close' })),
    kill: () => void child.kill('SIGKILL'),
    child,
  }
}

async function ended(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  ask()
  const insist = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exit
  clearTimeout(insist)
}
