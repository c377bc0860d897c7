import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from '../wait.ts'

/** A WebRTC stack in a process of its own, as a viewer: it offers, and takes one answer. */
export type PeerProcess = {
  readonly offer: string
  readonly messages: string[]
  readonly states: string[]
  /** every RTP packet that arrived so far, where the stack shows them one by one */
  readonly rtp: Rtp[]
  /** what it has counted itself */
  readonly received: Received
  /** `AA:BB:…` of its own certificate, by its own account of it and not by its offer */
  own(): string | undefined
  /** of the certificate that its DTLS has seen */
  seen(): string | undefined
  isOpen(): boolean
  /** Gives it the camera's answer and waits until its data channel is open. */
  accept(answer: string, timeout?: number): Promise<void>
  /** Gives it the answer and waits for nothing. */
  take(answer: string): void
  send(text: string): void
  onMessage(handler: (text: string) => void): void
  /** Opens another channel in-band (RFC 8832), which no honest viewer does. */
  openChannel(label: string): void
  requestKeyframe(): void
  /** Sends RTP to the camera, as a viewer that talks. */
  sendRtp(packets: number): void
  /** for what a preloaded module says and hears */
  readonly child: ChildProcess
  /** ended, whoever ended it */
  readonly gone: Promise<void>
  close(): Promise<void>
  /** as a phone whose battery is taken out */
  kill(): void
}

export type Rtp = { timestamp: number; ssrc: number; marker: boolean; kind: string }
/** RTP packets of the video, pictures decoded from them, and whose mark the last one with a mark bears. */
export type Received = { packets: number; frames: number; camera?: string }

export type ToPeer =
  | { do: 'accept'; answer: string }
  | { do: 'send'; text: string }
  | { do: 'openChannel'; label: string }
  | { do: 'keyframe' }
  | { do: 'rtp'; packets: number }
  | { do: 'close' }
export type FromPeer =
  | { is: 'offer'; sdp: string; own?: string }
  | { is: 'state'; state: string }
  | { is: 'open'; seen?: string }
  | { is: 'message'; text: string }
  | { is: 'rtp'; count: number; last: Rtp }
  | ({ is: 'received' } & Received)

const OFFER_MS = 30_000
const INSIST_MS = 3000

/** Starts a program that speaks JSON lines on the channel Node gives it (`NODE_CHANNEL_FD`), and waits for its offer. */
export async function openPeer(command: readonly [string, ...string[]]): Promise<PeerProcess> {
  const [program, ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exit = once(child, 'exit')
  const gone = exit.then(
    () => undefined,
    () => undefined,
  )
  const said = { offer: '', own: undefined as string | undefined, seen: undefined as string | undefined }
  const states: string[] = []
  const messages: string[] = []
  const rtp: Rtp[] = []
  const received: Received = { packets: 0, frames: 0 }
  let open = false
  let handler: (text: string) => void = () => undefined
  child.on('message', (message: FromPeer) => {
    if (message.is === 'offer') Object.assign(said, { offer: message.sdp, own: message.own })
    if (message.is === 'state') states.push(message.state)
    if (message.is === 'open') {
      said.seen = message.seen
      open = true
    }
    if (message.is === 'message') {
      messages.push(message.text)
      handler(message.text)
    }
    if (message.is === 'rtp') rtp.push(message.last)
    if (message.is === 'received') {
      const { is: _, ...counts } = message
      Object.assign(received, counts)
    }
  })
  const tell = (message: ToPeer): void => void (child.connected && child.send(message, () => undefined))
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  try {
    await until(() => said.offer || hasEnded(), { timeout: OFFER_MS, what: `the offer of ${args.at(-1)}` })
    if (!said.offer) throw new Error(`${program} ${args.join(' ')} ended before its offer`)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    offer: said.offer,
    messages,
    states,
    rtp,
    received,
    child,
    gone,
    own: () => said.own,
    seen: () => said.seen,
    isOpen: () => open,
    take: answer => tell({ do: 'accept', answer }),
    async accept(answer, timeout = 10_000) {
      tell({ do: 'accept', answer })
      await until(() => open, { timeout, what: "the viewer's channel" })
    },
    send: text => tell({ do: 'send', text }),
    onMessage: next => {
      handler = next
    },
    openChannel: label => tell({ do: 'openChannel', label }),
    requestKeyframe: () => tell({ do: 'keyframe' }),
    sendRtp: packets => tell({ do: 'rtp', packets }),
    close: () => end(child, gone, () => tell({ do: 'close' })),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Native stacks may hang in their own end: what asks in vain insists. */
async function end(child: ChildProcess, gone: Promise<void>, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  ask()
  const insist = setTimeout(() => child.kill('SIGKILL'), INSIST_MS)
  await gone
  clearTimeout(insist)
}
