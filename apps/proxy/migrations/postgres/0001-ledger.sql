-- Run by the program, or by the owner of the database: psql -1 -v ON_ERROR_STOP=1 -f 0001-ledger.sql
CREATE SCHEMA device_install_state_audit;

-- How many migrations the ledger has been through.
CREATE TABLE device_install_state_audit.format (
  version integer NOT NULL,
  single boolean PRIMARY KEY CHECK (single) DEFAULT true
);
INSERT INTO device_install_state_audit.format (version) VALUES (1);

-- What this ledger is called: every checkpoint says it, and the first entry of each stream is bound to it.
CREATE TABLE device_install_state_audit.ledger (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  single boolean PRIMARY KEY CHECK (single) DEFAULT true
);
INSERT INTO device_install_state_audit.ledger DEFAULT VALUES;

-- Each stream is a chain with one writer at a time: whoever holds the session's advisory lock (1684632417, number).
CREATE TABLE device_install_state_audit.stream (
  number integer PRIMARY KEY CHECK (number > 0)
);

-- The entry is the evidence; the other columns repeat parts of it, to find it by, and the verifier compares them.
CREATE TABLE device_install_state_audit.record (
  sequence bigint NOT NULL CHECK (sequence > 0),
  -- By the database's clock, the one clock that all writers share. No evidence.
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  stream integer NOT NULL CHECK (stream > 0),
  audit_id uuid NOT NULL,
  kind text NOT NULL CHECK (
    kind IN ('intent', 'outcome', 'refusal', 'refusals', 'replay', 'connection', 'lifecycle', 'checkpoint')
  ),
  at text COLLATE "C" NOT NULL CHECK (at LIKE '____-__-__T__:__:__.___Z' AND octet_length(at) = 24),
  outcome text CHECK (outcome IN ('applied', 'refused', 'notSent', 'indeterminate')),
  hash text COLLATE "C" NOT NULL CHECK (octet_length(hash) = 44),
  entry text COLLATE "C" NOT NULL CHECK (octet_length(entry) <= 16777216 AND entry::json IS NOT NULL),
  -- What it can be found by.
  terms bigint[] NOT NULL,
  PRIMARY KEY (stream, sequence),
  CHECK ((kind = 'outcome') = (outcome IS NOT NULL))
);

-- A call has at most one intent and at most one end, whoever wrote them.
CREATE UNIQUE INDEX one_intent_and_one_end ON device_install_state_audit.record (audit_id, (kind = 'intent'));
CREATE INDEX checkpoints ON device_install_state_audit.record (stream, sequence, at) WHERE kind = 'checkpoint';
CREATE INDEX by_time ON device_install_state_audit.record (at, stream, sequence)
  WHERE kind NOT IN ('outcome', 'lifecycle', 'checkpoint');

CREATE FUNCTION device_install_state_audit.never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'records are never changed';
END $$;
CREATE TRIGGER no_update BEFORE UPDATE ON device_install_state_audit.record
  FOR EACH STATEMENT EXECUTE FUNCTION device_install_state_audit.never_changed();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON device_install_state_audit.record
  FOR EACH STATEMENT EXECUTE FUNCTION device_install_state_audit.never_changed();

-- Records of a stream may be deleted when they are too old, and then all of them, up to a checkpoint, which stays.
CREATE TABLE device_install_state_audit.pruned (
  stream integer NOT NULL,
  before bigint NOT NULL CHECK (before > 1),
  PRIMARY KEY (stream, before)
);
CREATE FUNCTION device_install_state_audit.pruned_up_to_a_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM device_install_state_audit.record
    WHERE stream = NEW.stream AND sequence = NEW.before AND kind = 'checkpoint'
  ) THEN
    RAISE EXCEPTION 'records are pruned up to a checkpoint';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pruned_up_to_a_checkpoint BEFORE INSERT OR UPDATE ON device_install_state_audit.pruned
  FOR EACH ROW EXECUTE FUNCTION device_install_state_audit.pruned_up_to_a_checkpoint();
CREATE FUNCTION device_install_state_audit.never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM device_install_state_audit.pruned WHERE stream = OLD.stream AND before > OLD.sequence
  ) THEN
    RAISE EXCEPTION 'records are never deleted, but for old ones, up to a checkpoint';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER no_delete BEFORE DELETE ON device_install_state_audit.record
  FOR EACH ROW EXECUTE FUNCTION device_install_state_audit.never_deleted();

-- What records can be found by. A span of a stream is indexed as a whole when it is full, so that the cost of a record
-- does not grow with the ledger. Derived from the entries: no evidence.
CREATE TABLE device_install_state_audit.span (
  stream integer NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  first_at text COLLATE "C" NOT NULL,
  last_at text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, first)
);
CREATE INDEX spans_by_time ON device_install_state_audit.span (last_at, stream, first);
-- The terms of a span by their last six bits: sorted, and with each how far its record is from the first of the span.
CREATE TABLE device_install_state_audit.posting (
  stream integer NOT NULL,
  bucket integer NOT NULL CHECK (bucket BETWEEN 0 AND 63),
  first bigint NOT NULL,
  terms bigint[] NOT NULL,
  offsets integer[] NOT NULL CHECK (cardinality(offsets) = cardinality(terms)),
  PRIMARY KEY (stream, bucket, first)
);

-- Idempotency keys, for a day. All of it is keyed digests and sealed text.
CREATE TABLE device_install_state_audit.claim (
  key text COLLATE "C" PRIMARY KEY,
  fingerprint text NOT NULL,
  audit_id uuid NOT NULL,
  claimed_at text COLLATE "C" NOT NULL,
  answer text
);
CREATE INDEX claims_by_age ON device_install_state_audit.claim (claimed_at);
