import { isLoopbackHost } from './origin.ts'

/** What the link printed by `npm start` carries. It is read once, before anything else, and removed from the address. */
export type StartLink = { token: string; pairing?: { code: string; name: string } }
/** An owner's link for a guest: the invitation for the camera, and the one for this server. */
export type InviteLink = { invitation: string; server: string }
/** The operator's code for a forgotten password. */
export type ResetLink = { reset: string }
export type Link = StartLink | InviteLink | ResetLink

const SECRET = '[A-Za-z0-9_-]{22}'
const START = new RegExp(
  `^#start=(${SECRET})\\.([A-Za-z0-9_-]{43})\\.([A-Za-z0-9_-]{20,64})(?:\\.([A-Za-z0-9_-]{1,400}))?$`,
)
const IN = /^#in=([A-Za-z0-9_-]{20,64})$/
const RESET = /^#reset=([A-Za-z0-9_-]{20,64})$/
const INVITE = /^#invite=([A-Za-z0-9_-]{1,700})\.([A-Za-z0-9_-]{20,64})$/

/**
 * Pure: what a fragment means on a host. Links that sign somebody in exist for this machine alone and are refused
 * elsewhere; an invitation or a reset code opens no camera and is good on any.
 */
export function readFragment(hash: string, hostname: string): Link | 'refused' | 'broken' | undefined {
  if (hash.startsWith('#invite=')) return readInvite(hash)
  if (hash.startsWith('#reset=')) return readReset(hash)
  if (!/^#(start|in)=/.test(hash)) return undefined
  if (!isLoopbackHost(hostname)) return 'refused'
  const [, secret, camId, token, name] = START.exec(hash) ?? []
  if (secret && camId && token)
    return { token, pairing: { code: `os1:${secret}:${camId}`, name: decodeText(name) || 'My camera' } }
  const signIn = IN.exec(hash)?.[1]
  return signIn ? { token: signIn } : 'refused'
}

function readReset(hash: string): ResetLink | 'broken' {
  const reset = RESET.exec(hash)?.[1]
  return reset ? { reset } : 'broken'
}

function readInvite(hash: string): InviteLink | 'broken' {
  const [, encoded, server] = INVITE.exec(hash) ?? []
  const invitation = decodeText(encoded, 800)
  return invitation.startsWith('os1-invite:') && server ? { invitation, server } : 'broken'
}

/** Empty when it is not base64url of UTF-8. */
function decodeText(encoded: string | undefined, limit = 64): string {
  try {
    const binary = atob((encoded ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, char => char.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim().slice(0, limit)
  } catch {
    return ''
  }
}

/** Takes the link out of the address bar and the history. */
export function takeLink(): Link | 'refused' | 'broken' | undefined {
  const link = readFragment(location.hash, location.hostname)
  if (link) history.replaceState(null, '', location.pathname)
  return link
}
