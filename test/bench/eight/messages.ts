import type { PublicKey } from '@ownsight/protocol/ids'

/** What `eight` and a process of viewers say to each other. */

export type Person = { view: JsonWebKey; auth: JsonWebKey }
/** A camera as somebody sees it who knows how its pictures and its sound are told from the others'. */
export type KnownCamera = {
  name: string
  camId: string
  key: PublicKey
  /** whose drawn mark its pictures bear */
  drawn: string
  /** Hz */
  pitch?: number
  /** its sound is G.711 */
  isPlain?: boolean
}
export type Place = { origin: string; markKey: string; cameras: readonly KnownCamera[] }

/** `cancelled`: once the offer has left; `absent`: once the answer has come, and nothing is ever connected. */
export type Leave = 'bye' | 'closed' | 'cancelled' | 'absent'
export type Visit = {
  person: number
  camera: number
  codec: 'h264' | 'vp8'
  sound?: 'opus' | 'pcmu'
  /** how high its tile is, pixels */
  height?: number
  /** prepared before the tap, and played then */
  hold?: boolean
  /** pictures to see; without a number it is stayed until the camera ends it */
  frames?: number
  leave: Leave
}

export type Tally = { own: number; foreign: number; unread: number }
export type Seen = Tally & {
  /** why there was no session, or it ended, or nothing was seen in it */
  code?: string
  heard?: 'own' | 'foreign' | 'nothing'
}

export type ToViewers =
  | { do: 'connect'; place: Place; people: readonly Person[] }
  | { do: 'visit'; id: number; visit: Visit }
  /** those who stay speak with their cameras, and all that waits is read */
  | { do: 'turn' }
export type FromViewers =
  | { is: 'connected' }
  | { is: 'turned' }
  /** a visit without an end is live */
  | { is: 'staying'; id: number }
  | { is: 'seen'; id: number; seen: Seen }
