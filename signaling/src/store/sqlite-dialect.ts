import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type SqliteDatabase, SqliteDialect } from 'kysely'

const CACHED_STATEMENTS = 200
const WRITES = /^\s*(insert|update|delete|commit)/i

/** Kysely's SQLite dialect over node:sqlite: the same four methods under other names. */
export function nodeSqliteDialect(db: DatabaseSync, onCommit: (seconds: number) => void): SqliteDialect {
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const cached = statements.get(sql)
    if (cached) return cached
    if (statements.size >= CACHED_STATEMENTS) statements.clear()
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const timed = <T>(sql: string, run: () => T): T => {
    if (!WRITES.test(sql)) return run()
    const start = performance.now()
    const result = run()
    if (!db.isTransaction) onCommit((performance.now() - start) / 1000)
    return result
  }
  const bound = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  const database: SqliteDatabase = {
    close: () => db.close(),
    prepare(sql) {
      const statement = prepare(sql)
      return {
        reader: statement.columns().length > 0,
        all: parameters => timed(sql, () => statement.all(...bound(parameters))),
        run: parameters => timed(sql, () => statement.run(...bound(parameters))),
        iterate: parameters => statement.iterate(...bound(parameters)),
      }
    },
  }
  return new SqliteDialect({ database })
}
