import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, LedgerUnreadable, StoredEntry, StreamSummary } from './audit-reader.js'
import { originOf, type Sha256 } from './entry-chain.js'
import { FoundProblems } from './found-problems.js'
import { type Trust, TrustedKeys } from './trusted-keys.js'
import { IndexVerifier } from './verify-index.js'
import type { LedgerReport, Problem, SavedCheckpoint } from './verify-report.js'
import { StreamVerifier } from './verify-stream.js'

export interface VerifyPorts {
  readonly sha256: Sha256
  readonly trust: Trust
  readonly reader: AuditReader
  /** Told now and then how many of all entries were read; when it gives false, the rest is left. */
  readonly goOn: (done: number, all: number) => Promise<boolean>
}

export interface VerifyOptions {
  readonly saved: ReadonlyArray<SavedCheckpoint>
  /** Reads of each stream what came after the greatest saved checkpoint of it, and no more. */
  readonly onlySince: boolean
  readonly withIndex: boolean
}

const readAtOnce = 4_096

/** While old entries are pruned, a stream that is read from its start loses it. */
const mostStarts = 100

/** What a stream is read by. */
interface Reading {
  readonly verifier: StreamVerifier
  readonly index: IndexVerifier | undefined
  readonly from: number
}

/** The reader has failed; told as a value again where reading was begun. */
class Unreadable extends Error {
  readonly why: LedgerUnreadable
  constructor(why: LedgerUnreadable) {
    super(why.message)
    this.why = why
  }
}

const had = async <A>(task: TE.TaskEither<LedgerUnreadable, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Unreadable(result.left)
  return result.right
}

const none = (stream: number): StreamSummary => ({ stream, first: 1, last: 0 })

/** Streams that are there, and those that a saved checkpoint tells of. */
const allStreams = (
  ledgerId: string,
  found: ReadonlyArray<StreamSummary>,
  saved: ReadonlyArray<SavedCheckpoint>,
): ReadonlyArray<StreamSummary> => {
  const known = new Map(found.map((summary) => [summary.stream, summary] as const))
  for (const { origin } of saved) {
    const stream = Number(/\/(\d{1,9})$/.exec(origin)?.[1])
    if (originOf(ledgerId, stream) === origin && !known.has(stream)) known.set(stream, none(stream))
  }
  return [...known.values()].sort((one, other) => one.stream - other.stream)
}

const greatest = (saved: ReadonlyArray<SavedCheckpoint>): SavedCheckpoint | undefined =>
  saved.toSorted((one, other) => one.size - other.size).at(-1)

/** A ledger that has another name is another ledger, whatever is in it. */
const otherLedger = (ledgerId: string, saved: ReadonlyArray<SavedCheckpoint>): ReadonlyArray<Problem> => {
  const [first] = saved
  if (first === undefined || saved.some(({ origin }) => origin.startsWith(originOf(ledgerId, 0).slice(0, -1))))
    return []
  return [
    {
      kind: 'otherLedger',
      sequence: 0,
      message: `the saved checkpoint is of ${first.origin}, and this is the ledger ${ledgerId}`,
    },
  ]
}

/** One by a key that is not known may be by an older key; what it says is compared all the same. */
const wronglySigned = (trust: Trust, saved: SavedCheckpoint): ReadonlyArray<Problem> => {
  if (trust.verifiers.length === 0) return []
  const signature = new TrustedKeys(trust).check(saved.note)
  return signature._tag === 'Invalid'
    ? [{ kind: 'signatureInvalid', sequence: saved.size, message: `of the saved checkpoint: ${signature.why}` }]
    : []
}

const verified =
  ({ goOn, reader, sha256, trust }: VerifyPorts) =>
  async ({ onlySince, saved, withIndex }: VerifyOptions): Promise<LedgerReport> => {
    const ledgerId = await had(reader.ledgerId)
    let done = 0
    let all = 0
    let isWhole = true

    const begin = (summary: StreamSummary): Reading => {
      const origin = originOf(ledgerId, summary.stream)
      const ofStream = saved.filter((checkpoint) => checkpoint.origin === origin)
      const since = onlySince ? greatest(ofStream) : undefined
      const found = new FoundProblems()
      return {
        verifier: new StreamVerifier(sha256, trust, { origin, stream: summary.stream, saved: ofStream, since }, found),
        index: withIndex && reader.indexedSpan !== undefined ? new IndexVerifier(found) : undefined,
        from: since === undefined ? summary.first : Math.max(summary.first, since.size),
      }
    }

    const holdAgainstIndex = async (index: IndexVerifier, stream: number, entries: ReadonlyArray<StoredEntry>) => {
      for (const entry of entries) {
        if (reader.indexedSpan !== undefined && index.needsSpan(entry.sequence)) {
          const span = await had(reader.indexedSpan(stream, entry.sequence))
          // The newest entries are in no span yet.
          if (span === undefined) return
          index.next(span)
        }
        index.add(entry)
      }
    }

    /** False when the start of the stream went away under it. */
    const readThrough = async ({ from, index, verifier }: Reading, { last, stream }: StreamSummary) => {
      let next = from
      while (isWhole && next <= last) {
        const entries = await had(reader.entries(stream, next, Math.min(readAtOnce, last - next + 1)))
        const [first] = entries
        if (first === undefined || first.sequence > last) return true
        if (
          first.sequence > next &&
          (await had(reader.streams)).some((now) => now.stream === stream && now.first > next)
        )
          return false
        for (const entry of entries) if (entry.sequence <= last) verifier.add(entry)
        if (index !== undefined) await holdAgainstIndex(index, stream, entries)
        done += entries.length
        const reached = entries.at(-1)?.sequence ?? next
        // In a damaged file the order may lead back; the verifier has seen that.
        if (reached < next) return true
        next = reached + 1
        isWhole = await goOn(done, all)
      }
      return true
    }

    const read = async (summary: StreamSummary): Promise<StreamVerifier> => {
      let now = summary
      for (let starts = 1; ; starts++) {
        const reading = begin(now)
        const before = done
        if ((await readThrough(reading, now)) || starts === mostStarts) return reading.verifier
        done = before
        now = (await had(reader.streams)).find(({ stream }) => stream === now.stream) ?? none(now.stream)
      }
    }

    const summaries = allStreams(ledgerId, await had(reader.streams), saved)
    all = summaries.reduce((sum, summary) => sum + Math.max(0, summary.last - begin(summary).from + 1), 0)
    const verifiers: Array<StreamVerifier> = []
    for (const summary of summaries) verifiers.push(await read(summary))

    // A call may have begun in one stream, and been ended in another after its writer had died.
    const begun = new Set(verifiers.flatMap(({ halves }) => [...halves.intents.keys()]))
    const streams = verifiers.map((verifier) =>
      verifier.report(new Map([...verifier.halves.ends].filter(([auditId]) => !begun.has(auditId))), isWhole),
    )
    const last = summaries
      .map(({ stream }) => greatest(saved.filter(({ origin }) => origin === originOf(ledgerId, stream))))
      .filter((checkpoint) => checkpoint !== undefined)
    const problems = [
      ...otherLedger(ledgerId, saved),
      ...last.flatMap((checkpoint) => wronglySigned(trust, checkpoint)),
    ]
    return {
      ledgerId,
      isSound: problems.length === 0 && streams.every((stream) => stream.problems.length === 0),
      isWhole,
      signaturesChecked: trust.verifiers.length > 0,
      indexChecked: withIndex && reader.indexedSpan !== undefined,
      streams,
      problems,
    }
  }

/**
 * Reads a ledger, beside its writers, as far as it is there when this begins, and tells what is wrong with it. Saved
 * checkpoints must have been read before, or the ledger could seem to be shorter than they say.
 */
export const verifyLedger =
  (ports: VerifyPorts) =>
  (options: VerifyOptions): TE.TaskEither<LedgerUnreadable, LedgerReport> =>
  async () => {
    try {
      return E.right(await verified(ports)(options))
    } catch (error) {
      if (error instanceof Unreadable) return E.left(error.why)
      throw error
    }
  }
