import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseSecrets, SecretError } from './secret-file.ts'

/** 256 bits, in characters that a configuration file and a shell leave alone. */
const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * A new secret in front, the one before it kept: both are live until `finish`. A file that is not there is made.
 * @returns how many secrets are live now
 * @throws SecretError when two are live already, or the file holds none
 */
export function rotate(file: string): number {
  const live = existsSync(file) ? parseSecrets(readFileSync(file, 'utf8')) : []
  if (live.length > 1)
    throw new SecretError(
      'two secrets are live already: end the last rotation first, with ownsight-turn rotate --finish',
    )
  write(file, [newSecret(), ...live])
  return live.length + 1
}

/** Drops all but the newest, once the relay runs with both: signaling lends by the new one from there on. */
export function finish(file: string): void {
  const [newest = ''] = parseSecrets(readFileSync(file, 'utf8'))
  write(file, [newest])
}

/** Whole or not at all, and on disk before it counts; nobody but its owner reads it. */
function write(file: string, secrets: readonly string[]): void {
  const temporary = `${file}.new`
  writeFileSync(temporary, `${secrets.join('\n')}\n`, { mode: 0o600 })
  for (const path of [temporary, dirname(file)]) {
    const fd = openSync(path, 'r')
    if (path === dirname(file)) renameSync(temporary, file)
    fsyncSync(fd)
    closeSync(fd)
  }
}
