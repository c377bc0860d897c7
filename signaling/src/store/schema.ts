export type TokenKind = 'setup' | 'sign-in' | 'invitation' | 'guest' | 'ticket' | 'reset'

/** Rows as Kysely sees them. Times are seconds since the epoch; hashes and keys are base64url. */
export type Tables = {
  accounts: { id: string; name: string; password: string | null; created: number }
  sessions: { hash: string; account: string; expires: number }
  /** `camera` and `until`: what a guest's invitation lets its account reach, and for how long */
  tokens: {
    hash: string
    kind: TokenKind
    account: string | null
    expires: number
    camera: string | null
    until: number | null
  }
  devices: { key: string; account: string; x: string; y: string; created: number }
  /** `x`, `y`: its auth key; `cam_x`, `cam_y`: the camera key itself, null where it was bound before they were kept */
  cameras: {
    id: string
    account: string
    auth: string
    x: string
    y: string
    created: number
    cam_x: string | null
    cam_y: string | null
  }
  reaches: { account: string; camera: string; expires: number | null; created: number }
  rosters: { account: string; version: number; sealed: string }
}
