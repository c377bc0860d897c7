/** A secret that is missing, short or in a form that the relay's configuration cannot hold. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** Two may be live at once, while one takes the other's place. */
export const SECRETS_MAX = 2
const MIN_LENGTH = 32

/**
 * The secrets of a file: one a line, the newest first; empty lines and those that begin with # say nothing.
 * @throws SecretError
 */
export function parseSecrets(text: string): string[] {
  const secrets = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  if (secrets.length === 0)
    throw new SecretError('the file has no secret: make one with ownsight-turn rotate')
  if (secrets.length > SECRETS_MAX)
    throw new SecretError(
      `the file has ${secrets.length} secrets: keep the newest ${SECRETS_MAX}, the newest first`,
    )
  for (const [i, secret] of secrets.entries()) {
    if (!/^[A-Za-z0-9_-]+$/.test(secret))
      throw new SecretError(
        `line ${i + 1} is no secret: use letters, digits, - and _, as ownsight-turn rotate does`,
      )
    if (secret.length < MIN_LENGTH)
      throw new SecretError(
        `secret ${i + 1} is shorter than ${MIN_LENGTH} characters: make one with ownsight-turn rotate`,
      )
  }
  return secrets
}
