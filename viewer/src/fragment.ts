import { isLoopbackHost } from './origin.ts'

/** What the link printed by `npm start` carries. It is read once, before anything else, and removed from the address. */
export type StartLink = { token: string; pairing?: { code: string; name: string } }

const SECRET = '[A-Za-z0-9_-]{22}'
const START = new RegExp(
  `^#start=(${SECRET})\\.([A-Za-z0-9_-]{43})\\.([A-Za-z0-9_-]{20,64})(?:\\.([A-Za-z0-9_-]{1,400}))?$`,
)
const IN = /^#in=([A-Za-z0-9_-]{20,64})$/

/** Pure: what a fragment means on a host. Such links exist for this machine alone and are refused elsewhere. */
export function readFragment(hash: string, hostname: string): StartLink | 'refused' | undefined {
  if (!/^#(start|in)=/.test(hash)) return undefined
  if (!isLoopbackHost(hostname)) return 'refused'
  const [, secret, camId, token, name] = START.exec(hash) ?? []
  if (secret && camId && token)
    return { token, pairing: { code: `os1:${secret}:${camId}`, name: decodeName(name) } }
  const signIn = IN.exec(hash)?.[1]
  return signIn ? { token: signIn } : 'refused'
}

function decodeName(encoded: string | undefined): string {
  try {
    const binary = atob((encoded ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, char => char.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim().slice(0, 64) || 'My camera'
  } catch {
    return 'My camera'
  }
}

/** Takes the link out of the address bar and the history. */
export function takeStartLink(): StartLink | 'refused' | undefined {
  const link = readFragment(location.hash, location.hostname)
  if (link) history.replaceState(null, '', location.pathname)
  return link
}
