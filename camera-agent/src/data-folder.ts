import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AgentError } from './agent-error.ts'

export const SCHEMA_VERSION = 1

export type DataFolder = { readonly path: string; release(): void }

/**
 * Opens the agent's data folder (0700) and holds it exclusively until the process ends, however it ends: a camera
 * key is never online twice. The lock is the operating system's, taken through an SQLite file made for it.
 * @throws AgentError when another process holds it, or when newer software wrote it
 */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (statSync(path).mode & 0o077) chmodSync(path, 0o700)
  const lock = takeLock(path)
  try {
    checkSchema(path)
  } catch (error) {
    lock.close()
    throw error
  }
  return { path, release: () => lock.close() }
}

function takeLock(path: string): DatabaseSync {
  const holder = join(path, 'lock.pid')
  const lock = new DatabaseSync(join(path, 'lock'))
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new AgentError('data', `${path} is in use by process ${readHolder(holder)}: stop that one first.`)
  }
  writeFileSync(holder, String(process.pid), { mode: 0o600 })
  return lock
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return '(unknown)'
  }
}

function checkSchema(path: string): void {
  const file = join(path, 'schema')
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  // Empty: a first start that was cut short before it wrote anything else.
  if (found === '') writeFileSync(file, `${SCHEMA_VERSION}\n`, { mode: 0o600 })
  const version = found === '' ? SCHEMA_VERSION : Number(found)
  if (version === SCHEMA_VERSION) return
  throw new AgentError(
    'data',
    version > SCHEMA_VERSION
      ? `${path} was written by a newer camera agent (data version ${version}, this one knows ${SCHEMA_VERSION}): update the camera agent.`
      : `${path} has an unreadable data version: restore the folder from a backup, or use another folder.`,
  )
}
