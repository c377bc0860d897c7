/** Why the guard stopped a session, or refused to let the agent start. */
export const GUARD_CODES = [
  'version',
  'shape',
  'self_test',
  'not_installed',
  'possession',
  'finished',
  'transcript',
  'order',
  'fingerprint',
  'role',
  'alert',
  'second_description',
] as const
export type GuardCode = (typeof GUARD_CODES)[number]

export class GuardError extends Error {
  readonly code: GuardCode
  override readonly name = 'GuardError'
  constructor(code: GuardCode, message: string) {
    super(message)
    this.code = code
  }
}
