import type { CameraPeer } from '@ownsight/camera-agent/rtc/peer'
import { description } from '../unit/protocol/sdp.ts'

/** A peer connection without a network: the test plays the viewer's end of it. Stands in for camera-agent/src/rtc/peer.ts. */
export type FakePeer = {
  readonly offered: string
  /** what the camera sent on the data channel */
  readonly sent: Record<string, unknown>[]
  readonly frames: unknown[]
  /** the answer has a section for sound */
  readonly hasSound: boolean
  /** packets of sound that left, and whether one would leave at this moment */
  readonly sounds: unknown[]
  sendsSound(): boolean
  closed: boolean
  /** whether the camera would take RTP from the viewer at this moment */
  takesRtp(): boolean
  /** DTLS proved possession and the channel is open */
  open(): void
  /** the connection ends by itself */
  fail(reason: string): void
  /** the viewer says this on the data channel */
  say(message: unknown): void
  /** the first message the camera sends that has this `t`, past or future */
  heard(t: string): Promise<Record<string, unknown>>
}

/** Every peer made, in order. */
export const peers: FakePeer[] = []

export async function acceptOffer(
  sdp: string,
  { sound: hasSound = false }: { sound?: boolean } = {},
): Promise<CameraPeer> {
  const opened = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const handlers: ((text: string) => void)[] = []
  const waiting = new Set<() => void>()
  let allowed = (): boolean => false
  let mayHear = (): boolean => false
  const fake: FakePeer = {
    offered: sdp,
    sent: [],
    frames: [],
    hasSound,
    sounds: [],
    sendsSound: () => mayHear(),
    closed: false,
    takesRtp: () => allowed(),
    open: opened.resolve,
    fail: ended.resolve,
    say: message => {
      const text = typeof message === 'string' ? message : JSON.stringify(message)
      handlers.at(-1)?.(text)
    },
    heard(t) {
      const found = Promise.withResolvers<Record<string, unknown>>()
      const look = () => {
        const message = fake.sent.find(each => each.t === t)
        if (message) found.resolve(message)
      }
      waiting.add(look)
      look()
      return found.promise
    },
  }
  peers.push(fake)
  const peer = {
    answer: description('answer', { extra: [`a=msid:s${peers.length} t`] }),
    video: 'vp8',
    open: opened.promise,
    closed: ended.promise,
    onMessage: (handler: (text: string) => void) => void handlers.push(handler),
    send: (text: string) => {
      fake.sent.push(JSON.parse(text))
      for (const look of waiting) look()
    },
    sendVideo: (frame: unknown) => void fake.frames.push(frame),
    onKeyframeRequest: () => {},
    onBandwidth: () => {},
    path: () => 'host',
    sound: !hasSound
      ? undefined
      : {
          codecs: new Set(['opus']),
          allow: (test: () => boolean) => {
            mayHear = test
          },
          send: (frame: unknown) => {
            if (mayHear()) fake.sounds.push(frame)
          },
          onLoss: () => {},
          sent: () => fake.sounds.length,
        },
    inbound: {
      allow: (test: () => boolean) => {
        allowed = test
      },
      counts: () => ({ taken: 0, dropped: 0 }),
    },
    close: async () => {
      fake.closed = true
      ended.resolve('local')
    },
  }
  return peer as unknown as CameraPeer
}
