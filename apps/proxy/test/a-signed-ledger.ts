import { generateKeyPairSync, hash } from 'node:crypto'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { v7 as uuidv7 } from 'uuid'
import type { AuditReader } from '../src/audit/audit-reader.js'
import type { AuditRecord } from '../src/audit/audit-record.js'
import { canonicalJson } from '../src/audit/canonical-json.js'
import { checkpointBody } from '../src/audit/checkpoint-body.js'
import { genesisOf, originOf, readEntry } from '../src/audit/entry-chain.js'
import { isOutcomeKind } from '../src/audit/kept-record.js'
import type { LedgerKeys } from '../src/audit/ledger-keys.js'
import type { Row } from '../src/audit/ledger-writer.js'
import { ledgerKeys } from '../src/audit/node-ledger-keys.js'
import { noteSigner, parseVerifierKey } from '../src/audit/node-note-key.js'
import { termsOf } from '../src/audit/record-terms.js'
import { type NoteSigner, type NoteVerifier, signNote } from '../src/audit/signed-note.js'
import { openSqliteAuditReader } from '../src/audit/sqlite-audit-reader.js'
import { openSqliteLedger, type SqliteLedger } from '../src/audit/sqlite-ledger.js'
import { verifyLedger, type VerifyOptions } from '../src/audit/verify-ledger.js'
import type { LedgerReport, SavedCheckpoint } from '../src/audit/verify-report.js'
import { intent, outcome, refusal } from './an-audit-store.js'

export const sha256 = (text: string): string => hash('sha256', text, 'base64')

export const aSigner = (): NoteSigner => noteSigner(generateKeyPairSync('ed25519').privateKey)

export const signedNote = (signer: NoteSigner, checkpoint: Omit<SavedCheckpoint, 'note'>): string => {
  const body = checkpointBody({ ...checkpoint, head: Buffer.from(checkpoint.head, 'base64') })
  if (E.isLeft(body)) throw new Error(body.left.reason)
  const note = signNote([signer])(body.right)
  if (E.isLeft(note)) throw new Error(JSON.stringify(note.left))
  return note.right
}

/** The newest signs, as in the file of signing keys. */
export const keysOf = (...signers: readonly [NoteSigner, ...ReadonlyArray<NoteSigner>]): LedgerKeys =>
  ledgerKeys({ current: signers[0], signers, verifiers: signers }, ['aaaaaaaa'])

const later = (() => {
  let ms = Date.parse('2026-11-23T12:00:00.000Z')
  return (): string => new Date((ms += 1_000)).toISOString()
})()

export const aSpare = (at: string = later()) => ({ auditId: uuidv7(), at })

export const openIn = (directory: string, keys: LedgerKeys, checkpointEveryRecords = 10_000): SqliteLedger =>
  openSqliteLedger(
    { directory, writer: uuidv7(), newLedgerId: uuidv7(), checkpointEveryRecords, reserveInBytes: 0 },
    () => keys,
    () => aSpare(),
  )

export const rowOf = (record: AuditRecord): Row => {
  const json = canonicalJson(record)
  if (E.isLeft(json)) throw new Error(json.left)
  const { at, auditId, kind } = record
  return {
    auditId,
    kind,
    at,
    outcome: record.kind === 'outcome' && isOutcomeKind(record.outcome) ? record.outcome : null,
    record: json.right,
    terms: termsOf(record),
  }
}

export const write = (ledger: SqliteLedger, records: ReadonlyArray<AuditRecord>, checkpoint = false): string => {
  const committed = ledger.commit({
    rows: records.map(rowOf),
    checkpoint: checkpoint ? 'now' : 'whenDue',
    spare: aSpare(),
  })
  return committed.checkpoint ?? ''
}

/** Twenty records: each kind, calls that overlap, one without end, two checkpoints; the last three are signed by none. */
export const writeTwenty = (ledger: SqliteLedger): ReadonlyArray<string> => {
  const ids = Array.from({ length: 6 }, () => uuidv7())
  const [first = '', second = '', third = '', fourth = '', fifth = '', open = ''] = ids
  const at = later
  const lifecycle = (event: 'gap' | 'started'): AuditRecord => ({
    kind: 'lifecycle',
    event,
    auditId: uuidv7(),
    at: at(),
    detail: { version: '0.1.0' },
  })
  const earlier = write(
    ledger,
    [
      lifecycle('started'),
      { ...intent(first), at: at() },
      { ...intent(second), at: at() },
      {
        ...outcome(second),
        at: at(),
        attempts: 1,
        durationInMs: 12.5,
        drift: ['newProperty'],
        echoMismatch: ['osVersion'],
      },
      { ...refusal(), at: at(), reason: 'naïve “quotes” \u{1f4d6} \\ \n' },
      { kind: 'connection', auditId: uuidv7(), at: at(), code: 'badRequest', reason: 'x', peer: '::1' },
      { ...intent(third), at: at() },
    ],
    true,
  )
  const last = write(
    ledger,
    [
      { ...outcome(first), at: at(), outcome: 'refused', code: 'graphRefused', graphStatus: 403 },
      { ...outcome(third), at: at(), outcome: 'notSent' },
      {
        kind: 'replay',
        auditId: uuidv7(),
        at: at(),
        of: first,
        status: 201,
        peer: '::1',
        caller: intent().caller,
        operation: intent().operation,
        version: 'beta',
        ids: {},
      },
      {
        kind: 'refusals',
        auditId: uuidv7(),
        at: at(),
        from: at(),
        to: at(),
        total: 1,
        counts: [{ code: 'noToken', prefix: '10.0.0.0/24', count: 1 }],
      },
      { ...intent(fourth), at: at() },
      { ...intent(open), at: at() },
      { ...outcome(fourth), at: at(), outcome: 'indeterminate' },
      lifecycle('gap'),
    ],
    true,
  )
  write(ledger, [
    { ...intent(fifth), at: at() },
    { ...outcome(fifth), at: at() },
    { ...refusal(), at: at() },
  ])
  return [earlier, last]
}

export const savedOf = (note: string): SavedCheckpoint => {
  const [origin = '', size = '', head = ''] = note.split('\n')
  return { origin, size: Number(size), head, note }
}

const verifierOf = (text: string): NoteVerifier => {
  const verifier = parseVerifierKey(text)
  if (E.isLeft(verifier)) throw new Error(verifier.left)
  return verifier.right
}

/** What the verifier says of a ledger that can be read. */
export const verdictBy = async (
  reader: AuditReader,
  verifiers: ReadonlyArray<string>,
  options: Partial<VerifyOptions> = {},
): Promise<LedgerReport> => {
  const trust = { verifiers: verifiers.map(verifierOf), parseVerifierKey }
  const ports = { sha256, trust, reader, goOn: () => Promise.resolve(true) }
  const report = await verifyLedger(ports)({ saved: [], onlySince: false, withIndex: true, ...options })()
  if (E.isLeft(report)) throw new Error(report.left.message)
  return report.right
}

/** What it says of the ledger in a folder. */
export const verdictOn = async (
  directory: string,
  verifiers: ReadonlyArray<string>,
  options: Partial<VerifyOptions> = {},
): Promise<LedgerReport> => {
  const reader = openSqliteAuditReader(directory)
  if (E.isLeft(reader)) throw new Error(reader.left.message)
  try {
    return await verdictBy(reader.right, verifiers, options)
  } finally {
    await reader.right.close()
  }
}

export interface ChainedRow {
  readonly sequence: number
  readonly entry: string
  readonly hash: string
}

/**
 * What one can do who can write to the ledger and has not its key: from a record on, everything computed anew, with another
 * text in that record, and each later note as `note` makes it of the old one.
 */
export const recomputed = (
  ledgerId: string,
  rows: ReadonlyArray<ChainedRow>,
  from: number,
  change: (record: string) => string,
  note: (old: string, head: ChainedRow) => string,
): ReadonlyArray<ChainedRow> => {
  let before: ChainedRow = { sequence: 0, entry: '', hash: genesisOf(sha256, originOf(ledgerId, 1)).hash }
  return rows.map((row) => {
    const read = readEntry(row.entry)
    if (read === undefined || row.sequence < from) {
      before = row
      return row
    }
    const record: { kind: string; note?: string } = JSON.parse(
      row.sequence === from ? change(read.record) : read.record,
    )
    const kept = record.note === undefined ? record : { ...record, note: note(record.note, before) }
    const json = canonicalJson(kept)
    if (E.isLeft(json)) throw new Error(json.left)
    const entry = `{"previous":"${before.hash}","record":${json.right},"sequence":${String(row.sequence)},"stream":1,"writer":"${read.writer}"}`
    before = { sequence: row.sequence, entry, hash: sha256(entry) }
    return before
  })
}

export const ledgerFileIn = (directory: string): string => join(directory, 'audit.sqlite')
