/** The file of the ledger inside the audit directory. */
export const ledgerFile = 'audit.sqlite'

/** Held exclusively by the one process that writes. */
export const lockFile = 'audit.lock.sqlite'

export const schemaVersion = 1

/**
 * Rows are only ever added. A call has at most one intent and at most one end: an outcome, a refusal or a connection
 * that was refused. A record of counted refusals is the end of many, and is kept once, too.
 */
export const schema = `
  CREATE TABLE record (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    writer TEXT NOT NULL,
    audit_id TEXT NOT NULL CHECK (length(audit_id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome', 'refusal', 'connection', 'refusals', 'lifecycle')),
    at TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('applied', 'refused', 'notSent', 'indeterminate')),
    record TEXT NOT NULL CHECK (json_valid(record)),
    CHECK ((kind = 'outcome') = (outcome IS NOT NULL))
  ) STRICT;
  CREATE UNIQUE INDEX one_intent ON record (audit_id) WHERE kind = 'intent';
  CREATE UNIQUE INDEX one_end ON record (audit_id) WHERE kind IN ('outcome', 'refusal', 'connection', 'refusals');
  CREATE TRIGGER no_update BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, 'records are never changed'); END;
  CREATE TRIGGER no_delete BEFORE DELETE ON record BEGIN SELECT raise(ABORT, 'records are never deleted'); END;
  PRAGMA user_version = ${String(schemaVersion)};
`
