import type { Share, Subscription } from './media/share.ts'
import type { Hearing } from './media/viewers.ts'
import type { SoundSide } from './rtc/send/sound-side.ts'

export type Listening = {
  /** The viewer turns its sound on or off. */
  set(on: boolean): void
  /** What the viewer is sent pictures from; undefined while it is sent none. */
  follow(subscription: Subscription | undefined): void
  setPaused(on: boolean): void
  /** After the rights of the session have changed. */
  recheck(): void
  /** What the viewer is told of the source's sound: nothing without the right to hear it. */
  has(status: ReturnType<Share['status']>): boolean | undefined
}

/** One session's sound: it is there while the viewer wants it, has the right to it, and is sent pictures. */
export function createListening(sound: SoundSide | undefined, mayHear: () => boolean): Listening {
  let isWanted = false
  let isPaused = false
  let source: Subscription | undefined
  let hearing: Hearing | undefined

  const silence = () => {
    hearing?.close()
    hearing = undefined
  }
  const update = () => {
    if (!sound || !source || !isWanted || isPaused || !mayHear()) return silence()
    hearing ??= source.hear(sound.codecs, sound.send)
  }
  sound?.onLoss(part => hearing?.setLoss(part))
  return {
    set: on => {
      isWanted = on
      update()
    },
    follow: subscription => {
      if (subscription !== source) silence()
      source = subscription
      update()
    },
    setPaused: on => {
      isPaused = on
      update()
    },
    recheck: update,
    has: status => (sound && mayHear() ? status.sound !== undefined : undefined),
  }
}
