import * as v from 'valibot'

/**
 * Relays that signaling lends to a device it knows, for some minutes (draft-uberti-behave-turn-rest). It is no right:
 * a relay carries ciphertext, and whoever names a wrong one has only named a way that leads nowhere.
 */
const url = v.pipe(
  v.string(),
  v.maxLength(300),
  v.regex(
    /^(stun|turn|turns):(\[[0-9a-fA-F:]{2,39}\]|[0-9A-Za-z](?:[0-9A-Za-z.-]{0,252}))(:[1-9][0-9]{0,4})?(\?transport=(udp|tcp))?$/,
  ),
)

export const relayGrant = v.strictObject({
  urls: v.pipe(v.array(url), v.minLength(1), v.maxLength(8)),
  username: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  credential: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  /** seconds since the epoch, by the server's clock */
  exp: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
export type RelayGrant = v.InferOutput<typeof relayGrant>

export type RelayUrl = {
  kind: 'stun' | 'turn'
  host: string
  port: number
  transport: 'udp' | 'tcp' | 'tls'
}

/** The parts of a URL that `relayGrant` has let pass (RFC 7064 §3.1, RFC 7065 §3.1). */
export function parseRelayUrl(text: string): RelayUrl {
  const [, scheme = '', host = '', port, , transport] =
    /^(stun|turn|turns):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(\?transport=(udp|tcp))?$/.exec(text) ?? []
  const tls = scheme === 'turns'
  return {
    kind: scheme === 'stun' ? 'stun' : 'turn',
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (tls ? 5349 : 3478) : Number(port),
    transport: tls ? 'tls' : transport === 'tcp' ? 'tcp' : 'udp',
  }
}
