import * as E from 'fp-ts/lib/Either.js'
import type { StoredEntry } from './audit-reader.js'
import type { CheckpointRecord } from './audit-record.js'
import { genesisOf, readEntry, type Sha256 } from './entry-chain.js'
import type { FoundProblems } from './found-problems.js'
import { outcomes, recordKinds } from './kept-record.js'
import { claimOf } from './note-claim.js'
import { type Trust, TrustedKeys } from './trusted-keys.js'
import type { ProblemKind, SavedCheckpoint, StreamReport } from './verify-report.js'

export interface StreamToVerify {
  readonly origin: string
  readonly stream: number
  /** Of this stream. */
  readonly saved: ReadonlyArray<SavedCheckpoint>
  /** Where reading begins instead of at the start: with the entry that this checkpoint names. */
  readonly since: SavedCheckpoint | undefined
}

type Members = Readonly<Record<string, unknown>>

type CheckpointSeen = Pick<CheckpointRecord, 'at' | 'note' | 'openFrom'>

interface Pruning {
  readonly sequence: number
  readonly before: number
  readonly olderThan: string
  readonly at: string
}

/** Without the quotation mark before them: so they are found much faster, and no other member ends like them. */
const kindTexts: ReadonlyMap<string, string> = new Map(recordKinds.map((kind) => [kind, `kind":"${kind}"`]))
const outcomeTexts: ReadonlyMap<string | undefined, string> = new Map(
  outcomes.map((outcome) => [outcome, `outcome":"${outcome}"`]),
)

/** What could end a string of JSON before its end: a column with one of these might say more than the member. */
const mayEndText = /["\\]/

/** Where the hash of the entry before ends, and where the time begins. */
const atHash = '{"previous":"'.length + 44
const atTime = atHash + '","record":{"at":"'.length

/** In the tail of an entry, after the stream: `,"writer":"…36…"}`. */
const lengthAfterWriter = 38

const plural = (count: number, what: string): string => `${String(count)} ${what}${count === 1 ? '' : 's'}`

const range = (first: number, last: number): string =>
  first === last ? `record ${String(first)} is` : `records ${String(first)} to ${String(last)} are`

/** Members of a record that columns repeat, those that are not as the columns say. */
const differing = ({ at, auditId, kind, outcome }: StoredEntry, record: Members) =>
  Object.entries({ auditId, kind, at, outcome }).flatMap(([name, value]) => (record[name] === value ? [] : [name]))

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null

/** Nothing of what is in a ledger is believed before it is proved, its shape neither. */
const membersOf = (text: string): Members | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isMembers(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads a stream entry by entry, in the order of their sequence, and holds each against its hash, its columns, the chain, the
 * checkpoints in it and those that were saved. Goes on after a problem. What this does not see: an end of the stream that
 * was cut off, or written anew, where no checkpoint that was saved elsewhere tells of it.
 */
export class StreamVerifier {
  readonly #sha256: Sha256
  readonly #stream: StreamToVerify
  readonly #keys: TrustedKeys | undefined
  readonly #found: FoundProblems
  readonly #saved: ReadonlyArray<SavedCheckpoint>
  readonly #tailAfterSequence: string

  #first = 0
  #last = 0
  #count = 0
  /** The hash that the next entry follows. */
  #head = ''
  /** Where the hash of the last entry is not that of its text: either may be the one that was changed. */
  #orHead: string | undefined

  readonly #open = new Map<string, number>()
  readonly #orphans = new Map<string, number>()
  /** How many open intents there may be among the entries that cannot be read. */
  #unseenIntents = 0
  #openFrom = 0
  /** After a bad entry, what is open is not known for sure. */
  #isOpenKnown = true

  #nextSaved = 0
  readonly #compared: Array<number> = []
  #seen = 0
  #proved = 0
  readonly #provedBy: Record<string, number> = {}
  #provedUpTo = 0
  /** Checkpoints by keys that are not trusted, since the last that is: a later one covers them. */
  #unknown: { readonly sequence: number; readonly why: string } | undefined

  readonly #checkpointTimes = new Map<number, string>()
  readonly #prunings: Array<Pruning> = []

  constructor(sha256: Sha256, trust: Trust, stream: StreamToVerify, found: FoundProblems) {
    this.#found = found
    this.#sha256 = sha256
    this.#stream = stream
    this.#keys = trust.verifiers.length === 0 ? undefined : new TrustedKeys(trust)
    this.#saved = stream.saved.toSorted((one, other) => one.size - other.size)
    this.#tailAfterSequence = `,"stream":${String(stream.stream)},"writer":"`
  }

  /** The hot path compares texts; only what does not fit is taken apart. */
  add(stored: StoredEntry): void {
    const { auditId, entry, hash, kind, sequence } = stored
    if (this.#count === 0) this.#start(stored)
    else if (sequence > this.#last + 1) this.#jumpTo(stored)
    else if (sequence <= this.#last) {
      this.#bad('outOfPlace', sequence, `it comes after record ${String(this.#last)}`)
      return
    }
    this.#count++
    const actual = this.#sha256(entry)
    const isGood = (actual === hash && this.#isInPlace(stored)) || this.#examine(stored, actual)
    if (kind === 'intent') this.#begin(auditId, sequence)
    else if (!this.#open.delete(auditId) && kind === 'outcome') this.#endUnseen(auditId, sequence)
    if (isGood && (kind === 'checkpoint' || kind === 'lifecycle')) this.#takeIn(stored)
    this.#last = sequence
    this.#head = hash
    this.#orHead = actual === hash ? undefined : actual
    if (this.#saved.length > this.#nextSaved) this.#compareSaved()
  }

  /** Ends that have no intent in this stream, and intents that have no end: another stream may have the other half. */
  get halves(): { readonly ends: ReadonlyMap<string, number>; readonly intents: ReadonlyMap<string, number> } {
    return { ends: this.#orphans, intents: this.#open }
  }

  /** What was found, given the ends among `halves` that no other stream explains. `isWhole`: the stream was read to its end. */
  report(unexplained: ReadonlyMap<string, number>, isWhole: boolean): StreamReport {
    for (const [auditId, sequence] of unexplained)
      this.#found.add(
        'endWithoutIntent',
        sequence,
        `it is the end of the call ${auditId}, which has not begun, or has ended before`,
      )
    const pruned = isWhole ? this.#checkStart() : undefined
    if (isWhole) this.#checkEnd()
    if (isWhole && this.#unknown !== undefined) this.#found.add('keyUnknown', this.#unknown.sequence, this.#unknown.why)
    return {
      stream: this.#stream.stream,
      first: this.#first,
      last: this.#last,
      count: this.#count,
      head: this.#count === 0 ? undefined : this.#head,
      checkpoints: { seen: this.#seen, proved: this.#proved, provedBy: { ...this.#provedBy } },
      provedUpTo: this.#provedUpTo,
      openIntents: this.#open.size,
      pruned,
      savedCompared: this.#compared,
      savedPruned: pruned === undefined ? [] : this.#savedPruned(),
      problems: this.#found.first,
      problemsByKind: this.#found.byKind,
    }
  }

  /** Looks at pieces of the text, since to parse it would take longer than all else. */
  #isInPlace({ at, auditId, entry, kind, outcome, sequence }: StoredEntry): boolean {
    if (mayEndText.test(at) || mayEndText.test(auditId)) return false
    if (!entry.startsWith('{"previous":"') || !entry.startsWith(this.#head, 13)) return false
    if (!entry.startsWith('","record":{"at":"', atHash) || !entry.startsWith(at, atTime)) return false
    const ending = `,"sequence":${String(sequence)}${this.#tailAfterSequence}`
    if (!entry.startsWith(ending, entry.length - ending.length - lengthAfterWriter) || !entry.endsWith('"}'))
      return false
    const afterTime = atTime + at.length
    if (entry[afterTime] !== '"') return false
    // Members are in the order of their names, and nothing before this one has members of its own.
    const id = entry.indexOf('auditId":"', afterTime) + 'auditId":"'.length
    if (!entry.startsWith(auditId, id) || entry[id + auditId.length] !== '"') return false
    const kindText = kindTexts.get(kind)
    if (kindText === undefined || !entry.includes(kindText, id)) return false
    if (kind !== 'outcome') return outcome === undefined
    const outcomeText = outcomeTexts.get(outcome)
    return outcomeText !== undefined && entry.includes(outcomeText, id)
  }

  /** Says what is wrong with an entry; true if nothing is. */
  #examine(stored: StoredEntry, actual: string): boolean {
    const { entry: text, hash, sequence } = stored
    if (actual !== hash)
      return this.#bad('changed', sequence, 'its hash is not the SHA-256 of its entry: one of them was changed')
    const entry = readEntry(text)
    const record = membersOf(entry?.record ?? '')
    if (entry === undefined || record === undefined)
      return this.#bad('unreadable', sequence, 'it is not of the form of an entry')
    if (entry.sequence !== sequence || entry.stream !== this.#stream.stream) {
      const stream = entry.stream === this.#stream.stream ? '' : ` of stream ${String(entry.stream)}`
      const there = `${String(entry.sequence)}${stream}`
      return this.#bad('outOfPlace', sequence, `in its place is the entry of record ${there}: it was moved, or copied`)
    }
    const names = differing(stored, record)
    if (names.length > 0)
      return this.#bad('columnsDiffer', sequence, `a column says something else than the entry: ${names.join(', ')}`)
    if (entry.previous === this.#head || entry.previous === this.#orHead) return true
    return this.#bad(
      'broken',
      sequence,
      sequence === 1
        ? 'it does not follow from the name of this ledger'
        : `it does not follow record ${String(sequence - 1)}: either of them was changed together with its hash`,
    )
  }

  /** A bad entry may be an intent, or may hide one. */
  #bad(kind: ProblemKind, sequence: number, message: string, hidden = 1): false {
    this.#found.add(kind, sequence, message)
    this.#unseenIntents += hidden
    this.#isOpenKnown = false
    return false
  }

  #start({ entry, sequence }: StoredEntry): void {
    this.#first = sequence
    this.#last = sequence - 1
    this.#unseenIntents = sequence - 1
    this.#head = sequence === 1 ? genesisOf(this.#sha256, this.#stream.origin).hash : (readEntry(entry)?.previous ?? '')
    while ((this.#saved[this.#nextSaved]?.size ?? sequence) < sequence - 1) this.#nextSaved++
    this.#compareSaved()
  }

  #jumpTo({ entry, sequence }: StoredEntry): void {
    const first = this.#last + 1
    this.#bad('missing', first, `${range(first, sequence - 1)} not there`, sequence - first)
    this.#head = readEntry(entry)?.previous ?? ''
    this.#orHead = undefined
  }

  #begin(auditId: string, sequence: number): void {
    const { size } = this.#open
    this.#open.set(auditId, sequence)
    if (this.#open.size === size)
      this.#found.add('secondIntent', sequence, `it begins the call ${auditId}, which has begun before and not ended`)
  }

  #endUnseen(auditId: string, sequence: number): void {
    if (this.#unseenIntents > 0) this.#unseenIntents--
    else this.#orphans.set(auditId, sequence)
  }

  #takeIn({ entry: text, kind, sequence }: StoredEntry): void {
    const entry = readEntry(text)
    const { at, detail, event, note, openFrom } = membersOf(entry?.record ?? '') ?? {}
    if (kind === 'lifecycle' && typeof at === 'string' && isMembers(detail))
      this.#lifecycle(sequence, at, event, detail)
    else if (typeof at === 'string' && typeof note === 'string' && typeof openFrom === 'number')
      this.#checkpoint(sequence, entry?.previous ?? '', { at, note, openFrom })
    else this.#found.add('unreadable', sequence, `it is no record of a ${kind}`)
  }

  #checkpoint(sequence: number, previous: string, { at, note, openFrom }: CheckpointSeen): void {
    this.#seen++
    if (this.#first > 1) this.#checkpointTimes.set(sequence, at)
    this.#compareOpenFrom(sequence, openFrom)
    const claim = claimOf(note)
    if (claim === undefined) {
      this.#found.add('signatureInvalid', sequence, 'its note is no checkpoint')
      return
    }
    const signature = this.#keys?.check(note)
    if (signature?._tag === 'Invalid') this.#found.add('signatureInvalid', sequence, signature.why)
    else if (claim.origin !== this.#stream.origin)
      this.#found.add('otherLedger', sequence, `it is a checkpoint of ${claim.origin}`)
    else if (claim.size !== sequence - 1 || claim.head !== previous)
      this.#found.add(
        'recomputed',
        sequence,
        claim.size === sequence - 1
          ? `its checkpoint has another hash for record ${String(claim.size)}: among records ${String(this.#provedUpTo + 1)} to ${String(claim.size)} something was changed, and the chain computed anew`
          : `its checkpoint was made of ${plural(claim.size, 'record')}, and stands after ${String(sequence - 1)}`,
      )
    else if (signature?._tag === 'Unknown') this.#unknown ??= { sequence, why: signature.why }
    else if (signature?._tag === 'Proved') this.#prove(signature.keyId, claim.size)
  }

  #prove(keyId: string, size: number): void {
    this.#proved++
    this.#provedBy[keyId] = (this.#provedBy[keyId] ?? 0) + 1
    this.#provedUpTo = size
    this.#unknown = undefined
  }

  #compareOpenFrom(sequence: number, openFrom: number): void {
    if (!this.#isOpenKnown) return
    const [firstOpen = sequence] = this.#open.values()
    // Some of what is open may have begun before the first entry that is there.
    const unseen = this.#unseenIntents > 0 && openFrom < this.#first && openFrom >= this.#openFrom
    if (unseen) this.#unseenIntents = Math.min(this.#unseenIntents, this.#first - openFrom)
    else if (openFrom === firstOpen) this.#unseenIntents = 0
    else
      this.#found.add(
        'openFromWrong',
        sequence,
        `it says that each call before record ${String(openFrom)} has ended, and it is each before ${String(firstOpen)}`,
      )
    this.#openFrom = openFrom
  }

  #lifecycle(sequence: number, at: string, event: unknown, detail: Members): void {
    const { before, olderThan } = detail
    if (event === 'pruned' && this.#first > 1 && typeof before === 'number' && typeof olderThan === 'string')
      this.#prunings.push({ sequence, before, olderThan, at })
    const { from, statement } = detail
    if (event !== 'keyChanged' || typeof from !== 'string' || typeof statement !== 'string') return
    const followed = this.#keys?.follow(this.#stream.origin, sequence, from, statement)
    if (followed !== undefined && E.isLeft(followed)) this.#found.add('keyChangeInvalid', sequence, followed.left)
  }

  #compareSaved(): void {
    for (;;) {
      const saved = this.#saved[this.#nextSaved]
      if (saved === undefined || saved.size > this.#last) return
      this.#nextSaved++
      if (saved.size === this.#last && saved.size > 0) this.#compare(saved)
    }
  }

  #compare({ head, size }: SavedCheckpoint): void {
    if (head !== this.#head && head !== this.#orHead)
      this.#found.add(
        'recomputed',
        size,
        'a saved checkpoint has another hash for it: it, or something before it, is not as it was',
      )
    else if (this.#orHead === undefined) this.#compared.push(size)
  }

  /** Gives what was pruned, if the start is missing as it should be. */
  #checkStart(): StreamReport['pruned'] {
    if (this.#first <= 1 || this.#first === this.#stream.since?.size) return undefined
    const pruning = this.#prunings.findLast((one) => one.before >= this.#first && this.#isLegitimate(one))
    const isProved = pruning !== undefined && pruning.sequence <= this.#provedUpTo
    if (pruning === undefined || (this.#keys !== undefined && !isProved)) {
      this.#found.add(
        'startMissing',
        1,
        `${range(1, this.#first - 1)} not there, and ${pruning === undefined ? 'no record tells that they were pruned' : `no signature covers record ${String(pruning.sequence)}, which tells that they were pruned`}`,
      )
      return undefined
    }
    // Whoever keeps each checkpoint there was has many of them; without a newer one, nothing was compared at all.
    if (this.#compared.length === 0)
      for (const size of this.#savedPruned())
        this.#found.add(
          'checkpointPruned',
          size,
          'a saved checkpoint is of this record, which was pruned: take a newer one to compare with',
        )
    return { before: pruning.before, by: pruning.sequence, isProved }
  }

  /** Sizes of saved checkpoints that end before the first record that is there, or the last one before it. */
  #savedPruned(): ReadonlyArray<number> {
    return this.#saved.map(({ size }) => size).filter((size) => size > 0 && size < this.#first - 1)
  }

  /** Pruning is up to a checkpoint that was old enough, and is there still. While it goes on, some entries before it are, too. */
  #isLegitimate({ at, before, olderThan }: Pruning): boolean {
    const checkpointAt = this.#checkpointTimes.get(before)
    return checkpointAt !== undefined && checkpointAt < olderThan && olderThan < at
  }

  #checkEnd(): void {
    const greatest = this.#saved.at(-1)
    if (greatest === undefined || greatest.size <= this.#last) return
    this.#found.add(
      'tailCut',
      this.#last + 1,
      `a saved checkpoint is of ${plural(greatest.size, 'record')}, and there are ${String(this.#last)}: the end was cut off, or an old copy put in its place`,
    )
  }
}
