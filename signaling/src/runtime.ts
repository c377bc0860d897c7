import type { Config } from './config.ts'
import type { Heads } from './heads.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { PasswordPool } from './password-pool.ts'
import type { Presence } from './presence.ts'
import type { RoutedLog } from './routed-log.ts'
import type { Database } from './store/database.ts'

/** What the parts of one running server share. `origin` is known once it listens. */
export type Runtime = {
  readonly config: Config
  readonly db: Database
  readonly log: Log
  readonly metrics: Metrics
  readonly passwords: PasswordPool
  readonly presence: Presence
  readonly routed: RoutedLog
  readonly heads: Heads
  origin(): string
  /** `__Host-sid` over TLS; with the port on loopback, where cookies are shared by all ports. */
  cookieName(): string
  /** Tells two devices apart within one run of the server, and means nothing elsewhere. */
  pseudonym(id: string): string
}
