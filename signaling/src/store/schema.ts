export type TokenKind = 'setup' | 'sign-in' | 'invitation' | 'ticket'

/** Rows as Kysely sees them. Times are seconds since the epoch; hashes and keys are base64url. */
export type Tables = {
  accounts: { id: string; name: string; password: string | null; created: number }
  sessions: { hash: string; account: string; expires: number }
  tokens: { hash: string; kind: TokenKind; account: string | null; expires: number }
  devices: { key: string; account: string; x: string; y: string; created: number }
  cameras: { id: string; account: string; auth: string; x: string; y: string; created: number }
  rosters: { account: string; version: number; sealed: string }
}
