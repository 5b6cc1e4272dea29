/** What can be wrong with a ledger. `docs/how-to/audit.md` tells an auditor what each means. */
export type ProblemKind =
  /** An entry does not have the hash that stands beside it. */
  | 'changed'
  /** An entry is not of the form that entries have. */
  | 'unreadable'
  /** A column that repeats a part of the entry says something else. */
  | 'columnsDiffer'
  /** Entries between others are not there. */
  | 'missing'
  /** An entry stands where another should: it was moved, or is there twice. */
  | 'outOfPlace'
  /** An entry does not follow the one before it. */
  | 'broken'
  /** The chain is whole, but is not the one that was signed, or saved: it was computed anew. */
  | 'recomputed'
  /** A checkpoint is of another ledger or stream. */
  | 'otherLedger'
  | 'signatureInvalid'
  /** The last signatures are by a key that is not trusted, or no more. */
  | 'keyUnknown'
  | 'keyChangeInvalid'
  /** A saved checkpoint tells of more entries than there are. */
  | 'tailCut'
  /** The oldest entries are not there, and that is not on record as it should be. */
  | 'startMissing'
  /** A saved checkpoint is of a part that was pruned, and there is no newer one: nothing could be compared. */
  | 'checkpointPruned'
  | 'endWithoutIntent'
  | 'secondIntent'
  /** A checkpoint tells of other open intents than there are. */
  | 'openFromWrong'
  /** The tables of the ledger are not as the program makes them: what was read here may not be what is found. */
  | 'tablesDiffer'
  /** An entry cannot be found by something that is in it. */
  | 'indexIncomplete'

export interface Problem {
  readonly kind: ProblemKind
  /** The entry it is about; the first of them, where entries are not there. */
  readonly sequence: number
  /** A sentence, without the sequence where it stands anyway. */
  readonly message: string
}

/** A checkpoint that somebody kept elsewhere. */
export interface SavedCheckpoint {
  readonly origin: string
  readonly size: number
  /** SHA-256, in base64. */
  readonly head: string
  readonly note: string
}

/** What was found in one stream. */
export interface StreamReport {
  readonly stream: number
  /** Of the entries that were read; both 0 if there were none. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** The hash of the last entry. */
  readonly head: string | undefined
  readonly checkpoints: {
    readonly seen: number
    /** Those with a signature by a trusted key. */
    readonly proved: number
    /** How many by which key, by its id. */
    readonly provedBy: Readonly<Record<string, number>>
  }
  /** The last entry that a proved checkpoint covers; 0 if none does. */
  readonly provedUpTo: number
  readonly openIntents: number
  /** What was before this record was pruned, as another record tells; `isProved` once a checkpoint covers that one. */
  readonly pruned: { readonly before: number; readonly by: number; readonly isProved: boolean } | undefined
  /** The sizes of saved checkpoints that were compared and agree. */
  readonly savedCompared: ReadonlyArray<number>
  /** The sizes of those that cannot be compared any more, since what they tell of was pruned. */
  readonly savedPruned: ReadonlyArray<number>
  /** In the order of their sequence; the first of them if there are very many. */
  readonly problems: ReadonlyArray<Problem>
  readonly problemsByKind: Readonly<Partial<Record<ProblemKind, number>>>
}

/** What was found in a ledger. */
export interface LedgerReport {
  readonly ledgerId: string
  /** Nothing is wrong with what was read. */
  readonly isSound: boolean
  /** False when it was ended before all was read. */
  readonly isWhole: boolean
  /** False when there was no key to check them with: whoever can write to the ledger could have computed it anew. */
  readonly signaturesChecked: boolean
  readonly indexChecked: boolean
  readonly streams: ReadonlyArray<StreamReport>
  /** What concerns no stream. */
  readonly problems: ReadonlyArray<Problem>
}
