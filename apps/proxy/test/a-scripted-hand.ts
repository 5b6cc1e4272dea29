import type { KeyHolder } from '../src/audit/audit-store.js'
import { isOutcomeKind } from '../src/audit/kept-record.js'
import type {
  Batch,
  Checked,
  Committed,
  LedgerWriter,
  OpenedLedger,
  Row,
  WriteFailed,
} from '../src/audit/ledger-writer.js'

/** How one commit goes. `ambiguous`: it is durable, but is said to have failed. */
export type CommitFault = 'none' | 'fails' | 'ambiguous' | 'hangs'

/** A ledger's hand in memory, which does what a script says: for faults that no disk shows on demand. */
export interface ScriptedHand {
  readonly opened: OpenedLedger
  /** What is durable, batch by batch, as JSON; the first record of an id and a kind of place (intent, end) wins. */
  readonly kept: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly batches: ReadonlyArray<Batch>
  /** Lets the commit go on that hangs, or that will be the next to hang. */
  readonly release: () => void
  readonly setRoom: (checked: Checked | WriteFailed) => void
  readonly isClosed: () => boolean
  /** How often it was asked to prune; two times of three it has more. */
  readonly pruned: () => number
}

const keptAs = (record: Readonly<Record<string, unknown>>): string =>
  `${String(record['auditId'])} ${String(record['kind'] === 'intent')}`

/** `faultOf` is asked for each commit, in order, with its number from 0. */
export const aScriptedHand = (faultOf: (commit: number, batch: Batch) => CommitFault): ScriptedHand => {
  const kept: Array<Readonly<Record<string, unknown>>> = []
  const places = new Set<string>()
  const batches: Array<Batch> = []
  let room: Checked | WriteFailed = { _tag: 'Checked' }
  let isClosed = false
  let pruned = 0
  let doubtful: ReadonlyArray<Row> = []
  const claims = new Map<string, { auditId: string; fingerprint: string; answer?: string | undefined }>()

  const keep = (record: Readonly<Record<string, unknown>>): boolean => {
    const place = keptAs(record)
    if (places.has(place)) return false
    places.add(place)
    kept.push(record)
    return true
  }

  const keepKey = ({ auditId, claim, kept: answer }: Row): void => {
    if (claim !== undefined) claims.set(claim.forms[0].key, { auditId, fingerprint: claim.forms[0].fingerprint })
    if (answer === undefined || claims.get(answer.key)?.auditId !== auditId) return
    if (answer.answer === undefined) claims.delete(answer.key)
    else claims.set(answer.key, { auditId, fingerprint: '', ...claims.get(answer.key), answer: answer.answer })
  }

  const holderOf = ({ claim }: Row): KeyHolder | undefined => {
    const [form] = claim?.forms ?? []
    const found = form && claims.get(form.key)
    if (found === undefined) return undefined
    const end = kept.find(({ auditId, kind }) => auditId === found.auditId && kind !== 'intent')
    return {
      auditId: found.auditId,
      form: 0,
      isSameCall: found.fingerprint === form?.fingerprint,
      outcome: isOutcomeKind(end?.['outcome']) ? end['outcome'] : undefined,
      answer: found.answer,
    }
  }

  const write = (batch: Batch): Committed => {
    // As every ledger does with intents of which it does not know whether they got through.
    for (const { auditId, claim } of doubtful) {
      if (!places.has(`${auditId} true`)) continue
      keep({ kind: 'outcome', auditId, at: batch.spare.at, outcome: 'notSent', code: 'auditUnavailable' })
      if (claim !== undefined) claims.delete(claim.forms[0].key)
    }
    doubtful = []
    const held: Array<readonly [number, KeyHolder]> = []
    for (const [place, row] of batch.rows.entries()) {
      const holder = holderOf(row)
      if (holder !== undefined) held.push([place, holder])
      else if (keep(JSON.parse(row.record) as Readonly<Record<string, unknown>>)) keepKey(row)
    }
    return { _tag: 'Committed', held }
  }

  const failed = (batch: Batch): WriteFailed => {
    doubtful = [...doubtful, ...batch.rows.filter(({ kind }) => kind === 'intent')]
    return { _tag: 'Failed', message: 'the disk says no' }
  }

  let hanging: PromiseWithResolvers<void> | undefined

  const writer: LedgerWriter = {
    commit: async (batch) => {
      if (isClosed) return { _tag: 'Failed', message: 'it is closed' }
      const fault = faultOf(batches.length, batch)
      batches.push(batch)
      if (fault === 'hangs') {
        hanging ??= Promise.withResolvers()
        await hanging.promise
        hanging = undefined
        return write(batch)
      }
      // Another turn of the event loop, as it takes from a thread.
      await new Promise(setImmediate)
      if (fault === 'fails') return failed(batch)
      const committed = write(batch)
      return fault === 'ambiguous' ? failed(batch) : committed
    },
    check: () => Promise.resolve(room),
    prune: () => {
      pruned++
      return Promise.resolve({ _tag: 'Pruned', records: 1, more: pruned % 3 !== 0 })
    },
    close: () => {
      isClosed = true
      return Promise.resolve()
    },
  }
  return {
    opened: { writer, settled: 0 },
    kept,
    batches,
    release: () => {
      hanging ??= Promise.withResolvers()
      hanging.resolve()
    },
    setRoom: (checked) => {
      room = checked
    },
    isClosed: () => isClosed,
    pruned: () => pruned,
  }
}
