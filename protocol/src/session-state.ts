/**
 * The two session state machines as transition tables. An event that a state's row does not name is refused:
 * `next` returns undefined and the state stays.
 */

type Table<S extends string, E extends string> = { readonly [state in S]: { readonly [event in E]?: S } }

export type ViewerState =
  | 'idle' // → beacon, closed
  | 'beacon' // the camera's window is known: → gathering, closed
  | 'gathering' // → offered, closed
  | 'offered' // 15 s: → answer_ok, beacon (one stale_win retry), closed
  | 'answer_ok' // the verified answer is applied once: → connecting, closed
  | 'connecting' // 10 s: → confirming, closed
  | 'confirming' // 5 s: → live, closed
  | 'live' // → closed
  | 'closed' // final

export type ViewerEvent =
  | 'beacon_verified'
  | 'prepared'
  | 'offer_sent'
  | 'answer_verified'
  | 'stale_win'
  | 'applied'
  | 'channel_open'
  | 'confirmed'
  | 'close'

export const viewerTable: Table<ViewerState, ViewerEvent> = {
  idle: { beacon_verified: 'beacon', close: 'closed' },
  beacon: { prepared: 'gathering', close: 'closed' },
  gathering: { offer_sent: 'offered', close: 'closed' },
  offered: { answer_verified: 'answer_ok', stale_win: 'beacon', close: 'closed' },
  answer_ok: { applied: 'connecting', close: 'closed' },
  connecting: { channel_open: 'confirming', close: 'closed' },
  confirming: { confirmed: 'live', close: 'closed' },
  live: { close: 'closed' },
  closed: {},
}

export type CameraState =
  | 'idle' // → verified, closing
  | 'verified' // policy, window, replay, rate: → answered, closing
  | 'answered' // 15 s: → dtls_ok, closing
  | 'dtls_ok' // possession proved, 5 s: → live, closing
  | 'live' // confirmed: → closing
  | 'closing' // final

export type CameraEvent = 'offer_accepted' | 'answer_sealed' | 'proved' | 'confirmed' | 'close'

export const cameraTable: Table<CameraState, CameraEvent> = {
  idle: { offer_accepted: 'verified', close: 'closing' },
  verified: { answer_sealed: 'answered', close: 'closing' },
  answered: { proved: 'dtls_ok', close: 'closing' },
  dtls_ok: { confirmed: 'live', close: 'closing' },
  live: { close: 'closing' },
  closing: {},
}

export const next = <S extends string, E extends string>(
  table: Table<S, E>,
  state: S,
  event: E,
): S | undefined => table[state][event]
