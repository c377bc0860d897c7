/** What the bench tells a sender, one JSON text a line on its standard input. */
export type ToSender =
  | { do: 'offer'; id: number; sdp: string }
  /** this viewer is about to leave */
  | { do: 'drop'; id: number }
  /** begins with the clip, for whoever is connected and whoever comes later */
  | { do: 'play' }
  | { do: 'stats' }

/** What a sender says, one JSON text a line on its standard output. */
export type FromSender =
  | { is: 'answer'; id: number; sdp: string }
  /** the way to this viewer is open, as the sender sees it */
  | { is: 'ready'; id: number }
  | { is: 'refused'; id: number; code: string; reason: string }
  | ({ is: 'stats' } & SenderStats)

/** `shed`: viewers that are kept, and are sent less than the clip; `refused`: viewers that were told so. */
export type SenderStats = { viewers: number; refused: number; shed: number; rssBytes: number }

export type ToReceivers =
  | { do: 'offer'; id: number }
  | { do: 'answer'; id: number; sdp: string }
  /** this one was refused, or leaves */
  | { do: 'drop'; id: number }
  | { do: 'count' }

export type FromReceivers =
  | { is: 'offer'; id: number; sdp: string }
  /** ICE and DTLS are through */
  | { is: 'connected'; id: number }
  | { is: 'count'; viewers: readonly Counted[] }

/** What one viewer has had so far. */
export type Counted = {
  id: number
  /** of the stream of pictures, each once */
  packets: number
  bytes: number
  /** repetitions and probes */
  others: number
  /** packets that were decrypted, and those of them that were not authentic */
  checked: number
  bad: number
}
