import * as E from 'fp-ts/lib/Either.js'
import type { OutcomeKind } from '../domain/outcome.js'
import type { KeyHolder } from './audit-store.js'
import type { Row } from './ledger-writer.js'

/** A claim as a ledger has it. */
interface Holding {
  readonly auditId: string
  readonly fingerprint: string
  /** Undefined while the call runs. */
  readonly outcome: OutcomeKind | undefined
  readonly answer: string | undefined
}

/** What a ledger has of the calls and keys of a batch, once the batch has taken the keys that were free. */
export interface Known {
  readonly intents: ReadonlySet<string>
  readonly ended: ReadonlySet<string>
  /** By key. */
  readonly holders: ReadonlyMap<string, Holding>
}

export const nothingKnown: Known = { intents: new Set(), ended: new Set(), holders: new Map() }

export type NotChosen =
  | { readonly _tag: 'IntentThereAlready'; readonly auditId: string }
  /** A key was held when it was to be taken, and free when its holder was looked for: to be tried again. */
  | { readonly _tag: 'KeyJustFreed' }

export interface ChosenRows {
  readonly rows: ReadonlyArray<Row>
  /** As `Committed` has it. */
  readonly held: ReadonlyArray<readonly [row: number, holder: KeyHolder]>
}

/** The holder of a row's key if that is another call; undefined if the row holds it itself, or nobody does. */
const holderOf = ({ auditId, claim }: Row, holders: Known['holders']): KeyHolder | undefined => {
  for (const [form, { fingerprint, key }] of (claim?.forms ?? []).entries()) {
    const holding = holders.get(key)
    if (holding !== undefined && holding.auditId !== auditId)
      return {
        auditId: holding.auditId,
        form,
        isSameCall: holding.fingerprint === fingerprint,
        outcome: holding.outcome,
        answer: holding.answer,
      }
  }
  return undefined
}

/**
 * Which rows of a batch are to be written: not those whose key another call holds, and not the end of a call that has one,
 * since the first one wins.
 */
export const chosenRows = (rows: ReadonlyArray<Row>, known: Known): E.Either<NotChosen, ChosenRows> => {
  const chosen: Array<Row> = []
  const held: Array<readonly [number, KeyHolder]> = []
  const intents = new Set(known.intents)
  const ended = new Set(known.ended)
  for (const [place, row] of rows.entries()) {
    const { auditId, claim, kind } = row
    const holder = holderOf(row, known.holders)
    if (holder !== undefined) {
      held.push([place, holder])
      continue
    }
    if (claim !== undefined && !known.holders.has(claim.forms[0].key)) return E.left({ _tag: 'KeyJustFreed' })
    if (kind === 'intent') {
      if (intents.has(auditId)) return E.left({ _tag: 'IntentThereAlready', auditId })
      intents.add(auditId)
    } else {
      if (ended.has(auditId)) continue
      ended.add(auditId)
    }
    chosen.push(row)
  }
  return E.right({ rows: chosen, held })
}
