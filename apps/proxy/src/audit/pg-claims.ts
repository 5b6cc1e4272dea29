import type { Known } from './chosen-rows.js'
import { isOutcomeKind } from './kept-record.js'
import { claimLivesInMs, claimsForgotten } from './ledger-records.js'
import type { Row } from './ledger-writer.js'
import type { PgRow, PgStatement } from './pg-connection.js'
import { schema } from './pg-session.js'

/** Claims made before this time are over; so are those of calls that were not sent. */
const expiry = (at: string): string => new Date(Date.parse(at) - claimLivesInMs).toISOString()

const claimsIn = (rows: ReadonlyArray<Row>) =>
  rows.flatMap(({ at, auditId, claim }) =>
    claim === undefined ? [] : [{ auditId, at, before: expiry(at), forms: claim.forms }],
  )

/** Of those that want the same key, the first. */
const firstOfEach = (claims: ReturnType<typeof claimsIn>) => [
  ...new Map(claims.toReversed().map((claim) => [claim.forms[0].key, claim])).values(),
]

/**
 * Takes the keys that a batch claims, as far as they are free, and looks for who holds them and for what is on record of its
 * calls: to be asked in this order, in one transaction. Keys are taken in their order, and without a lock on those that are
 * held, so that two replicas never wait for each other both ways.
 */
export const looksFor = (rows: ReadonlyArray<Row>, auditIds: ReadonlyArray<string>): ReadonlyArray<PgStatement> => {
  const claims = claimsIn(rows)
  const wanted = firstOfEach(claims)
  const all = claims.flatMap(({ before, forms }) => forms.map(({ key }) => ({ key, before, of: forms[0].key })))
  const older = all.filter(({ key, of }) => key !== of)
  return [
    {
      name: 'expire claims',
      text: `DELETE FROM ${schema}.claim USING unnest($1::text[], $2::text[]) AS wanted (key, before)
        WHERE claim.key = wanted.key AND (claimed_at < before OR EXISTS (
          SELECT FROM ${schema}.record
          WHERE record.audit_id = claim.audit_id AND (kind = 'intent') = false AND outcome = 'notSent'))`,
      values: [all.map(({ key }) => key), all.map(({ before }) => before)],
    },
    {
      name: 'take keys',
      text: `INSERT INTO ${schema}.claim (key, fingerprint, audit_id, claimed_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) AS wanted (key, fingerprint, audit_id, at)
        WHERE NOT EXISTS (
          SELECT FROM unnest($5::text[], $6::text[]) AS older (key, of) JOIN ${schema}.claim ON claim.key = older.key
          WHERE older.of = wanted.key)
        ORDER BY wanted.key COLLATE "C" ON CONFLICT DO NOTHING`,
      values: [
        wanted.map(({ forms }) => forms[0].key),
        wanted.map(({ forms }) => forms[0].fingerprint),
        wanted.map(({ auditId }) => auditId),
        wanted.map(({ at }) => at),
        older.map(({ key }) => key),
        older.map(({ of }) => of),
      ],
    },
    {
      name: 'holders',
      text: `SELECT key, fingerprint, claim.audit_id, answer, outcome FROM ${schema}.claim
        LEFT JOIN ${schema}.record ON record.audit_id = claim.audit_id AND (kind = 'intent') = false
        WHERE key = ANY($1::text[])`,
      values: [all.map(({ key }) => key)],
    },
    {
      name: 'on record',
      text: `SELECT audit_id, kind = 'intent' AS is_intent FROM ${schema}.record WHERE audit_id = ANY($1::uuid[])`,
      values: [auditIds],
    },
  ]
}

/** What the answers to `looksFor` say. */
export const knownFrom = ([, , holders = [], there = []]: ReadonlyArray<ReadonlyArray<PgRow>>): Known => {
  const idsWhere = (isIntent: boolean) =>
    new Set(there.filter((row) => row['is_intent'] === isIntent).map((row) => String(row['audit_id'])))
  return {
    intents: idsWhere(true),
    ended: idsWhere(false),
    holders: new Map(
      holders.map(({ answer, audit_id, fingerprint, key, outcome }) => [
        String(key),
        {
          auditId: String(audit_id),
          fingerprint: String(fingerprint),
          outcome: isOutcomeKind(outcome) ? outcome : undefined,
          answer: typeof answer === 'string' ? answer : undefined,
        },
      ]),
    ),
  }
}

/** Keeps the answers that go with the outcomes of a batch, and frees the keys of those that have none. */
export const keepKeys = (rows: ReadonlyArray<Row>): ReadonlyArray<PgStatement> => {
  const all = rows.flatMap(({ auditId, kept }) => (kept === undefined ? [] : [{ auditId, ...kept }]))
  const answered = all.filter(({ answer }) => answer !== undefined)
  const freed = all.filter(({ answer }) => answer === undefined)
  return [
    ...(answered.length === 0
      ? []
      : [
          {
            name: 'keep answers',
            text: `UPDATE ${schema}.claim SET answer = kept.answer
              FROM unnest($1::text[], $2::uuid[], $3::text[]) AS kept (key, audit_id, answer)
              WHERE claim.key = kept.key AND claim.audit_id = kept.audit_id`,
            values: [
              answered.map(({ key }) => key),
              answered.map(({ auditId }) => auditId),
              answered.map(({ answer }) => answer),
            ],
          },
        ]),
    ...(freed.length === 0
      ? []
      : [
          {
            name: 'free keys',
            text: `DELETE FROM ${schema}.claim USING unnest($1::text[], $2::uuid[]) AS freed (key, audit_id)
              WHERE claim.key = freed.key AND claim.audit_id = freed.audit_id`,
            values: [freed.map(({ key }) => key), freed.map(({ auditId }) => auditId)],
          },
        ]),
  ]
}

/** Claims that are over, but for those that another transaction has in its hands. */
export const forgetClaims = (at: string, recordsSinceCheckpoint: number): PgStatement => ({
  name: 'forget claims',
  text: `DELETE FROM ${schema}.claim WHERE key IN (
    SELECT key FROM ${schema}.claim WHERE claimed_at < $1 ORDER BY claimed_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
  values: [expiry(at), claimsForgotten(recordsSinceCheckpoint)],
})
