import { readFileSync } from 'node:fs'
import type { Reply } from '@ownsight/protocol/events'
import { mintCredential } from '@ownsight/turn-config/credentials'
import { parseSecrets } from '@ownsight/turn-config/secret-file'
import { hintOf } from './handle.ts'
import type { Runtime } from './runtime.ts'

/** how long a credential opens new allocations; one that is open lives on */
const LIFETIME_S = 600

/**
 * Lends a device the operator's relays. The user name is random: the relay learns no account, and cannot tell that two
 * views are of one person. The secret is read each time, so that a rotation needs no restart.
 */
export function lendRelays({ config, metrics, log }: Runtime): Reply<'relays'> {
  if (!config.turn) return hintOf('no_relays')
  try {
    // While a new secret takes the old one's place, the old one is what the relay knows for certain.
    const secret = parseSecrets(readFileSync(config.turn.secretFile, 'utf8')).at(-1) ?? ''
    const { username, credential, exp } = mintCredential({ secret, ttlSeconds: LIFETIME_S })
    metrics.relaysLent.inc()
    return { grant: { urls: [...config.turn.urls], username, credential, exp } }
  } catch (error) {
    log({ event: 'fault', kind: 'relays', result: (error as Error).name })
    return hintOf('no_relays')
  }
}
