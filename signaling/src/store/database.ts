import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { SignalingError } from '../signaling-error.ts'
import { MIGRATIONS } from './migrations.ts'
import type { Tables } from './schema.ts'
import { nodeSqliteDialect } from './sqlite-dialect.ts'

export type { TokenKind } from './schema.ts'
export type Database = Kysely<Tables>

/**
 * Opens the store. See `openFile`.
 * @throws SignalingError when the data is newer than this program
 */
export function openDatabase(
  folder: string,
  options: { migrations?: readonly string[]; onCommit?: (seconds: number) => void } = {},
): Database {
  const { migrations = MIGRATIONS, onCommit = () => {} } = options
  const db = openFile(folder, 'signaling.sqlite', migrations)
  return new Kysely<Tables>({ dialect: nodeSqliteDialect(db, onCommit) })
}

/**
 * Opens one file of the data folder, brings its schema up to date, and keeps a copy of it before each step.
 * WAL with synchronous=FULL: a write that was acknowledged survives loss of power. What is deleted is overwritten.
 * @throws SignalingError when the data is newer than this program
 */
export function openFile(folder: string, name: string, migrations: readonly string[]): DatabaseSync {
  const file = join(folder, name)
  createPrivately(folder, file)
  const db = new DatabaseSync(file, { timeout: 5000 })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;')
    db.exec('PRAGMA secure_delete = ON')
    migrate(db, file, migrations)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

/** For its owner's eyes: the folder, and a file in it. */
export function createPrivately(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  createFile(file)
  syncToDisk(folder)
}

/** SQLite gives its -wal and -shm files the mode of the main file, so that one is made first. */
function createFile(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
}

function migrate(db: DatabaseSync, file: string, migrations: readonly string[]): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length)
    throw new SignalingError(
      'data',
      `${file} was written by a newer Ownsight (schema ${version}, this one knows ${migrations.length}). Update the signaling server, or restore an older copy of that file.`,
    )
  for (let step = version; step < migrations.length; step++) {
    if (version > 0) backup(db, `${file}.before-schema-${step + 1}`)
    // Whoever called closes the file when a step throws, and that rolls it back.
    db.exec('BEGIN IMMEDIATE')
    db.exec(migrations[step] as string)
    db.exec(`PRAGMA user_version = ${step + 1}`)
    db.exec('COMMIT')
  }
}

/** A consistent copy, on disk before the step begins. A copy from an interrupted earlier try is kept as it is. */
function backup(db: DatabaseSync, copy: string): void {
  if (existsSync(copy)) return
  const draft = `${copy}.${process.pid}`
  createFile(draft)
  db.prepare('VACUUM INTO ?').run(draft)
  syncToDisk(draft)
  renameSync(draft, copy)
  syncToDisk(dirname(copy))
}

/** A file's content, or a folder's list of files. */
function syncToDisk(path: string): void {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
