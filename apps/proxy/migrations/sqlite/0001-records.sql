-- Rows are only ever added. A call has at most one intent and at most one end.
CREATE TABLE record (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  writer TEXT NOT NULL,
  audit_id TEXT NOT NULL CHECK (length(audit_id) = 36),
  kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome', 'refusal', 'connection', 'lifecycle')),
  at TEXT NOT NULL,
  outcome TEXT CHECK (outcome IN ('applied', 'refused', 'notSent', 'indeterminate')),
  record TEXT NOT NULL CHECK (json_valid(record)),
  CHECK ((kind = 'outcome') = (outcome IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_intent ON record (audit_id) WHERE kind = 'intent';
CREATE UNIQUE INDEX one_end ON record (audit_id) WHERE kind IN ('outcome', 'refusal', 'connection');
CREATE TRIGGER no_update BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, 'records are never changed'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON record BEGIN SELECT raise(ABORT, 'records are never deleted'); END;
