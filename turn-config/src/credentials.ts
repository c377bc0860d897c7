import { createHmac, randomBytes } from 'node:crypto'

/** seconds; with it new allocations are opened, and those that are open live on */
export const CREDENTIAL_LIFETIME_S = 600

export type TurnCredential = {
  /** `<end>:<random>`: the relay learns from it when it ends, and nothing of whose it is */
  readonly username: string
  /** base64 of HMAC-SHA1(secret, username) */
  readonly credential: string
  /** seconds since the epoch, by this machine's clock */
  readonly exp: number
}

/**
 * A credential that the relay can check without being asked (draft-uberti-behave-turn-rest-00 §2.2): it knows the same
 * secret. @param options.now seconds since the epoch
 */
export function mintCredential(options: {
  secret: string
  ttlSeconds?: number
  now?: number
  random?: Buffer
}): TurnCredential {
  const {
    secret,
    ttlSeconds = CREDENTIAL_LIFETIME_S,
    now = Date.now() / 1000,
    random = randomBytes(9),
  } = options
  const exp = Math.floor(now) + ttlSeconds
  const username = `${exp}:${random.toString('base64url')}`
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64'), exp }
}
