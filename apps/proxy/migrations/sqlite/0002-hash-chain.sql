-- Each record is an entry of a hash chain. What came before is put into the new table by the program, in its order, since
-- SQL cannot hash.
ALTER TABLE record RENAME TO unchained_record;
DROP INDEX one_intent;
DROP INDEX one_end;
DROP TRIGGER no_update;
DROP TRIGGER no_delete;

-- What this ledger is called: every checkpoint says it, and the first entry is bound to it.
CREATE TABLE ledger (
  id TEXT NOT NULL CHECK (length(id) = 36),
  only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1) DEFAULT 1
) STRICT;

-- The entry is the evidence; the other columns repeat parts of it, to find it by, and the verifier compares them.
CREATE TABLE record (
  sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
  audit_id TEXT NOT NULL CHECK (length(audit_id) = 36),
  kind TEXT NOT NULL CHECK (
    kind IN ('intent', 'outcome', 'refusal', 'replay', 'connection', 'refusals', 'lifecycle', 'checkpoint')
  ),
  at TEXT NOT NULL CHECK (at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z'),
  outcome TEXT CHECK (outcome IN ('applied', 'refused', 'notSent', 'indeterminate')),
  entry TEXT NOT NULL CHECK (json_valid(entry)),
  hash TEXT NOT NULL CHECK (length(hash) = 44),
  CHECK ((kind = 'outcome') = (outcome IS NOT NULL))
) STRICT;

-- A call has at most one intent and at most one end.
CREATE UNIQUE INDEX one_intent_and_one_end ON record (audit_id, (kind = 'intent'));
CREATE INDEX checkpoints ON record (sequence, at) WHERE kind = 'checkpoint';

CREATE TRIGGER no_update BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, 'records are never changed'); END;

-- Records may be deleted when they are too old, and then all of them, up to a checkpoint, which stays.
CREATE TABLE pruned (
  before INTEGER NOT NULL PRIMARY KEY,
  CHECK (before > 1)
) STRICT;
CREATE TRIGGER pruned_up_to_a_checkpoint BEFORE INSERT ON pruned
  WHEN NOT EXISTS (SELECT 1 FROM record WHERE sequence = NEW.before AND kind = 'checkpoint')
  BEGIN SELECT raise(ABORT, 'records are pruned up to a checkpoint'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON record
  WHEN NOT EXISTS (SELECT 1 FROM pruned WHERE before > OLD.sequence)
  BEGIN SELECT raise(ABORT, 'records are never deleted, but for old ones, up to a checkpoint'); END;

-- What records can be found by. A span of records is indexed as a whole when it is full, so that the cost of a record does not
-- grow with the ledger. Derived from the entries: no evidence.
CREATE TABLE span (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL
) STRICT;
CREATE TABLE posting (
  -- The first of its records.
  span INTEGER NOT NULL,
  -- The last 6 bits of the term.
  bucket INTEGER NOT NULL,
  -- The rest of each term (32 bits), and how far from the first its record is (16 bits); unsigned, little-endian.
  postings BLOB NOT NULL,
  -- All of a bucket together: whoever looks for a term reads on and on in one place.
  PRIMARY KEY (bucket, span)
) STRICT, WITHOUT ROWID;

-- Idempotency keys, for a day. All of it is keyed digests and sealed text.
CREATE TABLE claim (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  audit_id TEXT NOT NULL,
  claimed_at TEXT NOT NULL,
  answer TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_age ON claim (claimed_at);
