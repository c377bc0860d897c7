/**
 * The log of routed messages, in a file of its own: it is the largest thing here and the first to be deleted. Times
 * are milliseconds by this server's clock. Pseudonyms and camera ids are their first 48 bits, and words are numbers, so
 * that ten million rows stay within a gigabyte and a question about them is answered within seconds.
 */
export const LOG_MIGRATIONS: readonly string[] = [
  `
  -- One run of one server. seen: its last write; stopped: it ended in order. Missing: messages that were not kept.
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY, build TEXT NOT NULL, instance TEXT NOT NULL, integration TEXT NOT NULL,
    started INTEGER NOT NULL, seen INTEGER NOT NULL, stopped INTEGER, UNIQUE (instance, integration)
  ) STRICT;
  CREATE TABLE missing (run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL) STRICT;
  CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;

  -- One attempt to watch, by the sid its offer claims, from its first message to its last.
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, sid BLOB NOT NULL,
    from_pseud INTEGER, to_pseud INTEGER, asked INTEGER NOT NULL, reached INTEGER, result INTEGER NOT NULL,
    messages INTEGER NOT NULL, suspect INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_time ON sessions (first, last, run, result);
  -- The same, counted: by the minute of their first message, and which cameras were asked on a day.
  CREATE TABLE minutes (
    t INTEGER NOT NULL, run INTEGER NOT NULL, result INTEGER NOT NULL, sessions INTEGER NOT NULL,
    PRIMARY KEY (t, run, result)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE camera_days (
    t INTEGER NOT NULL, run INTEGER NOT NULL, cam INTEGER NOT NULL, PRIMARY KEY (t, run, cam)
  ) STRICT, WITHOUT ROWID;

  -- One message. sid: only where the message claims another one than its session's. suspect: it did not go, or did not
  -- come from, where it says.
  CREATE TABLE routed (
    t INTEGER NOT NULL, run INTEGER NOT NULL, n INTEGER NOT NULL, typ INTEGER NOT NULL, result INTEGER NOT NULL,
    from_conn INTEGER, to_conn INTEGER, from_pseud INTEGER, to_pseud INTEGER, asked INTEGER, reached INTEGER,
    session INTEGER, sid BLOB, size INTEGER NOT NULL, suspect INTEGER NOT NULL, PRIMARY KEY (t, run, n)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX routed_suspects ON routed (t) WHERE suspect = 1;
  `,
  `
  -- What cameras signed about their own logs, and the keys to check it by: a camera's id is the hash of its key.
  CREATE TABLE head_cameras (cam TEXT PRIMARY KEY, x TEXT NOT NULL, y TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
  -- t: when this place of the log was first told; until: when it was last told; signed: when, by the camera's clock.
  -- fault: how it contradicts the head before it.
  CREATE TABLE heads (
    cam TEXT NOT NULL, t INTEGER NOT NULL, until INTEGER NOT NULL, i INTEGER NOT NULL, h TEXT NOT NULL, signed INTEGER NOT NULL,
    fault TEXT, jws TEXT NOT NULL, PRIMARY KEY (cam, t)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX heads_by_time ON heads (t);
  CREATE INDEX heads_faulty ON heads (cam, t) WHERE fault IS NOT NULL;
  `,
]

export const LOG_FILE = 'routed.sqlite'
