import type { PublicKey } from '@ownsight/protocol/ids'

export type Account = { id: string; name: string }

/** A refusal by the server, its sentence made for a person. */
export class ApiFault extends Error {
  readonly code: string
  override readonly name = 'ApiFault'
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

async function call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api/${path}`, {
      method,
      cache: 'no-store',
      credentials: 'same-origin',
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiFault('offline', 'The server cannot be reached. Check your connection and try again.')
  }
  const text = await response.text()
  const answer: unknown = text ? JSON.parse(text) : undefined
  if (response.ok) return answer as T
  const { error, message } = (answer ?? {}) as { error?: string; message?: string }
  throw new ApiFault(error ?? 'fault', message ?? 'Something went wrong at the server. Try again.')
}

export const api = {
  state: () => call<{ setup: boolean; account: Account | null }>('GET', 'state'),
  signUp: (body: { name: string; password: string } & ({ token: string } | { invitation: string })) =>
    call<{ account: Account }>('POST', 'sign-up', body),
  signIn: (body: { name: string; password: string } | { token: string }) =>
    call<{ account: Account }>('POST', 'sign-in', body),
  resetPassword: (token: string, password: string) =>
    call<{ account: Account }>('POST', 'password', { token, password }),
  signOut: () => call<void>('POST', 'sign-out', {}),
  addDevice: (auth: PublicKey) => call<void>('POST', 'devices', { auth }),
  invite: () => call<{ invitation: string; exp: number }>('POST', 'invitations', {}),
  /** An invitation for one more account that may reach this camera; `until` in seconds since the epoch. */
  inviteGuest: (cam: string, until: number | null) =>
    call<{ invitation: string; exp: number }>('POST', 'guest-invitations', { cam, until }),
  join: (invitation: string) => call<{ cam: string }>('POST', 'join', { invitation }),
  forgetCamera: (cam: string) => call<void>('DELETE', `cameras/${cam}`, {}),
  cameras: () => call<{ cam: string; online: boolean; beacon?: string }[]>('GET', 'cameras'),
  roster: () => call<{ version: number; sealed: string | null }>('GET', 'roster'),
  saveRoster: (version: number, sealed: string) => call<void>('PUT', 'roster', { version, sealed }),
}
