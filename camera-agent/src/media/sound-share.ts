import type { SourceSound } from './frame-pipe.ts'
import {
  lossLevel,
  NO_SOUND,
  pickCodec,
  SOUND_CODECS,
  type SoundCodec,
  type SoundFrame,
  type SoundKind,
  type SoundWant,
} from './sound.ts'

/** One viewer who hears what it sees. */
export type Listener = {
  readonly codecs: ReadonlySet<SoundCodec>
  /** the part of its packets that was lost lately, 0 to 1 */
  loss: number
  take(frame: SoundFrame): void
}

/**
 * One feed's sound among its listeners: each gets the form it can play, each form is made once, and none that nobody
 * listens to. `onWant` is called with every change.
 */
export function createSoundShare(onWant: (want: SoundWant) => void) {
  const listeners = new Set<Listener>()
  let kind: SoundKind | undefined
  let want = NO_SOUND

  const update = () => {
    const picked = new Set([...listeners].map(({ codecs }) => pickCodec(kind, codecs)))
    const codecs = SOUND_CODECS.filter(codec => picked.has(codec))
    const loss =
      codecs.length > 0
        ? lossLevel(
            [...listeners].map(each => each.loss),
            want.loss,
          )
        : 0
    if (String(codecs) === String(want.codecs) && loss === want.loss) return
    want = { codecs, loss }
    onWant(want)
  }
  return {
    soundIs: (next: SoundKind | undefined) => {
      kind = next
      update()
    },
    /** @param at on the line of the pictures */
    sound: ({ codec, data }: SourceSound, at: number) => {
      for (const listener of [...listeners])
        if (pickCodec(kind, listener.codecs) === codec) listener.take({ codec, payload: data, at })
    },
    join: (listener: Listener) => {
      listeners.add(listener)
      update()
    },
    leave: (listener: Listener) => {
      if (listeners.delete(listener)) update()
    },
    /** After a listener has changed. */
    update,
    clear: () => {
      listeners.clear()
      update()
    },
  }
}
