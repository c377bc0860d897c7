/** The forms in which sound leaves the agent: Opus (RFC 7587), and G.711 (RFC 3551 §4.5.14) where it comes as that. */
export const SOUND_CODECS = ['opus', 'pcmu', 'pcma'] as const
export type SoundCodec = (typeof SOUND_CODECS)[number]

/** RTP clock, ticks per second (RFC 7587 §4.1, RFC 3551 §6). */
export const SOUND_CLOCK: Readonly<Record<SoundCodec, number>> = { opus: 48_000, pcmu: 8000, pcma: 8000 }

/** What a source's sound comes as, as far as anybody is told. */
export const SOUND_KINDS = [...SOUND_CODECS, 'aac', 'mp2', 'mp3', 'g722', 'g726', 'other', 'none'] as const
export type SoundKind = (typeof SOUND_KINDS)[number]

export const isSoundKind = (value: string): value is SoundKind =>
  (SOUND_KINDS as readonly string[]).includes(value)

/** What somebody listens to now; `loss` is the part of the packets, in percent, that Opus is to be ready to lose. */
export type SoundWant = { readonly codecs: readonly SoundCodec[]; readonly loss: number }

export const NO_SOUND: SoundWant = { codecs: [], loss: 0 }

/** One packet of sound, made once for all who listen. */
export type SoundFrame = {
  codec: SoundCodec
  payload: Buffer
  /** its first sample on the line of the pictures' timestamps: 90 kHz, not wrapped */
  at: number
}

/** Where an Opus or G.711 packet goes best: as it comes where that can be played, else as Opus. */
export function pickCodec(
  kind: SoundKind | undefined,
  playable: ReadonlySet<SoundCodec>,
): SoundCodec | undefined {
  if (kind === undefined || kind === 'none') return undefined
  const own = SOUND_CODECS.find(codec => codec === kind)
  if (own && playable.has(own)) return own
  return playable.has('opus') ? 'opus' : undefined
}

const LOSS_LEVELS = [5, 12, 25] as const

/** A level is left for a lower one only well below that. */
const LOWER = 0.7

/**
 * The loss, in percent, that Opus is set to for listeners who lose these parts (0 to 1), after `before`: an encoder per
 * level, and not per report.
 */
export function lossLevel(losses: readonly number[], before = 0): number {
  const worst = Math.max(0, ...losses) * 100
  return LOSS_LEVELS.find(level => worst <= level * (level < before ? LOWER : 1)) ?? 25
}
