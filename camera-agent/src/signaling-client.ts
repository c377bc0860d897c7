import { sealAuth } from '@ownsight/protocol/challenge'
import { challenge } from '@ownsight/protocol/events'
import type { KeyPair } from '@ownsight/protocol/ids'
import { SOCKET_MESSAGE_MAX_BYTES } from '@ownsight/protocol/limits'
import { SUPPORTED_VERSIONS, VERSION } from '@ownsight/protocol/version'
import { io, type Socket } from 'socket.io-client'
import * as v from 'valibot'

export type SignalingOptions = {
  /** origin of the signaling server, from this agent's own configuration */
  server: string
  namespace: 'camera' | 'unpaired'
  /** answers the server's challenge; none in `unpaired` */
  auth?: KeyPair
  onOnline: (socket: Socket) => void
  onOffline: (note: string) => void
}

export type SignalingClient = { readonly socket: Socket; close(): void }

/**
 * One connection that comes back by itself, with jittered back-off, and answers a new challenge each time. The
 * server's word decides only presence: everything that matters is opened by the camera.
 */
export function connectSignaling(options: SignalingOptions): SignalingClient {
  const socket = io(`${options.server}/${options.namespace}`, {
    transports: ['websocket'],
    forceNew: true,
    // What a server may say at once: ws alone would take a hundred megabytes.
    ...{ maxPayload: SOCKET_MESSAGE_MAX_BYTES },
    auth: { agent: `camera-agent/${VERSION}`, versions: [...SUPPORTED_VERSIONS] },
    reconnectionDelay: 500,
    reconnectionDelayMax: 4000,
    randomizationFactor: 0.5,
  })
  let refused: string | undefined
  socket.on('connect', () => {
    refused = undefined
    if (!options.auth) options.onOnline(socket)
  })
  socket.on('challenge', (received: unknown) => void authenticate(socket, options, received))
  socket.on('connect_error', error => {
    const note = refusal(error)
    if (note !== refused) options.onOffline(note)
    refused = note
    // A refusal by the server ends socket.io's own retries: try again, slowly.
    if (!socket.active) setTimeout(() => socket.connect(), 10_000).unref()
  })
  socket.on('disconnect', reason => {
    options.onOffline('connection to the signaling server lost, trying again')
    if (reason === 'io server disconnect')
      setTimeout(() => socket.connect(), 1000 + Math.random() * 2000).unref()
  })
  return {
    socket,
    close: () => {
      socket.removeAllListeners()
      socket.disconnect()
    },
  }
}

async function authenticate(socket: Socket, options: SignalingOptions, received: unknown): Promise<void> {
  const parsed = v.safeParse(challenge, received)
  if (!options.auth || !parsed.success) return
  const auth = await sealAuth(parsed.output, { key: options.auth, role: 'camera', origin: options.server })
  try {
    const reply: unknown = await socket.timeout(10_000).emitWithAck('auth', { auth })
    if (v.is(v.looseObject({ ok: v.literal(true) }), reply)) return options.onOnline(socket)
    options.onOffline('the signaling server does not know this camera')
  } catch {
    options.onOffline('the signaling server did not answer')
  }
}

/** The version refusal and a certificate's fault are one sentence for a person; all else is a connection that failed. */
function refusal(error: Error & { data?: unknown; description?: unknown }): string {
  const version = v.looseObject({ code: v.literal('version'), message: v.pipe(v.string(), v.maxLength(200)) })
  const parsed = v.safeParse(version, error.data)
  if (parsed.success) return parsed.output.message
  const socketError = v.safeParse(
    v.looseObject({ error: v.looseObject({ code: v.string() }) }),
    error.description,
  )
  return (
    certificateFault(socketError.success ? socketError.output.error.code : '') ??
    'cannot reach the signaling server, trying again'
  )
}

/** For the codes of X.509 verification that Node gives (its documentation, tls, "X509 certificate error codes"). */
function certificateFault(code: string): string | undefined {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return "the signaling server's certificate has expired, or is not valid yet: renew it, or set the clock"
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return "the signaling server's certificate is for another name than the one in the setting server"
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_SELF_SIGNED_|CERT_UNTRUSTED|INVALID_CA)/.test(code))
    return "the signaling server's certificate is from an unknown authority: start with NODE_EXTRA_CA_CERTS=/path/to/ca.pem"
  return undefined
}
