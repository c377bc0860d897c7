/** Schema steps, in order; the number of applied ones is SQLite's `user_version`. Released steps never change. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT, created INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessions (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE, expires INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_account ON sessions(account);
  CREATE TABLE tokens (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT REFERENCES accounts(id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE devices (
    key TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    x TEXT NOT NULL, y TEXT NOT NULL, created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX devices_by_account ON devices(account);
  CREATE TABLE cameras (
    id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    auth TEXT NOT NULL UNIQUE, x TEXT NOT NULL, y TEXT NOT NULL, created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX cameras_by_account ON cameras(account);
  CREATE TABLE rosters (
    account TEXT PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
    version INTEGER NOT NULL, sealed TEXT NOT NULL
  ) STRICT;
  `,
  // Guests: which further accounts may knock at a camera. The camera alone opens.
  `
  CREATE TABLE reaches (
    account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    camera TEXT NOT NULL REFERENCES cameras(id) ON DELETE CASCADE,
    expires INTEGER, created INTEGER NOT NULL, PRIMARY KEY (account, camera)
  ) STRICT;
  CREATE INDEX reaches_by_camera ON reaches(camera);
  ALTER TABLE tokens ADD COLUMN camera TEXT;
  ALTER TABLE tokens ADD COLUMN until INTEGER;
  `,
  // The camera's own public key: by it the heads of its log are checked.
  `
  ALTER TABLE cameras ADD COLUMN cam_x TEXT;
  ALTER TABLE cameras ADD COLUMN cam_y TEXT;
  `,
]
