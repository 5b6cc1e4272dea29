import * as E from 'fp-ts/lib/Either.js'
import type { CheckpointRecord } from './audit-record.js'
import { type ChosenRows, chosenRows, type NotChosen, nothingKnown } from './chosen-rows.js'
import type { LedgerKeys } from './ledger-keys.js'
import { endOf, lifecycle, neverSent, rowOf, writerEnded } from './ledger-records.js'
import type {
  Batch,
  Checked,
  Committed,
  LedgerWriter,
  OpenedLedger,
  Pruned,
  Row,
  Spare,
  SparesToPrune,
  WriteFailed,
} from './ledger-writer.js'
import { forgetClaims, keepKeys, knownFrom, looksFor } from './pg-claims.js'
import { PgRefusal, type PgStatement } from './pg-connection.js'
import { openPgSession, type PgSession, schema } from './pg-session.js'
import {
  type Chain,
  endSession,
  extend,
  InDoubt,
  lockStream,
  type Make,
  readChain,
  takeStream,
  unlockStream,
} from './pg-stream.js'
import { pgTarget, type PgTarget } from './pg-target.js'
import type { Draft } from './stream-position.js'
import type { Head } from './entry-chain.js'
import { buckets } from './term-postings.js'

export interface PgLedgerSettings {
  /** With the password: nothing that is told has any of it. See `pg-target.ts`. */
  readonly url: string
  /** Names this run of this process in every entry. */
  readonly writer: string
  readonly checkpointEveryRecords: number
  /**
   * So old must an intent without end be, by the clock of the database, before it is settled in another's stead: longer
   * than a call can take, since a process that lost its connection may be making it still.
   */
  readonly settleAfterInMs: number
  /** How often other streams are looked after. */
  readonly settleEveryInMs?: number
  /** How long the database may take for one thing that it is asked. Shorter than a record may take. */
  readonly deadlineInMs?: number
  readonly spare: () => Spare
  readonly monotonicNowInMs: () => number
  /** Told when intents of replicas that ended are settled after the ledger was opened. */
  readonly settledLater?: (count: number) => void
  /** Asked when the database is away as the ledger is opened: waits a while, and says whether to try again. */
  readonly tryAgain?: (message: string) => Promise<boolean>
}

const prunedAtOnce = 2_000
const attempts = 4
const nothingPruned = { _tag: 'Pruned', records: 0 } as const

interface Settled {
  /** Calls that have their end by now. */
  readonly ended: ReadonlyArray<string>
  readonly settled: number
  readonly checkpoint: string | undefined
}

interface Taken {
  readonly session: PgSession
  readonly chain: Chain
}

/** An intent that was told to have failed, although it may be on record. */
interface Doubt {
  readonly auditId: string
  readonly stream: number
  readonly key: string | undefined
}

/** Another transaction got in between: this one left nothing behind, and is to be tried again. */
class GotInBetween extends PgRefusal {}

const isWorthAnotherTry = (error: unknown): boolean =>
  error instanceof GotInBetween ||
  (error instanceof PgRefusal &&
    !(error instanceof InDoubt) &&
    (error.code === '40001' ||
      error.code === '40P01' ||
      (error.code === '23505' && error.constraint === 'one_intent_and_one_end')))

/** After these the session cannot be trusted to be what we take it for: a pooler, another writer, a standby. */
const endsSession = (error: unknown): boolean =>
  error instanceof PgRefusal &&
  (['22012', '26000', '25006'].includes(error.code ?? '') ||
    (error.code === '23505' && error.constraint === 'record_pkey'))

const orThrow = (chosen: E.Either<NotChosen, ChosenRows>): ChosenRows => {
  if (E.isRight(chosen)) return chosen.right
  throw chosen.left._tag === 'KeyJustFreed'
    ? new GotInBetween('an idempotency key changed hands again and again')
    : new Error(`the call ${chosen.left.auditId} has an intent already`)
}

const add = (draft: Draft, row: Row): void => draft.add(draft.seal(row))

const withRetry = async <A>(work: (attempt: number) => Promise<A>): Promise<A> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt === attempts || !isWorthAnotherTry(error)) throw error
    }
  }
}

/** A writer on one database. Its methods throw. */
class PgLedger {
  readonly #settings: PgLedgerSettings
  readonly #target: PgTarget
  readonly #keys: LedgerKeys
  readonly #deadlineInMs: number
  #taken: Taken | undefined
  /** The session that was lost, and the last entry that it was told is durable. */
  #former: { readonly session: PgSession; readonly stream: number; readonly head: Head } | undefined
  #doubts: ReadonlyArray<Doubt> = []
  /** Other streams with nothing to settle, by the last sequence that was looked at. */
  readonly #quiet = new Map<number, number>()
  /** Where changes of keys have been told, and after which checkpoint. */
  readonly #told = new Map<number, number>()
  #due: Array<number> = []
  #lastLookInMs: number
  readonly #broken = new Map<number, string>()

  constructor(settings: PgLedgerSettings, target: PgTarget, keys: LedgerKeys) {
    this.#settings = settings
    this.#target = target
    this.#keys = keys
    this.#deadlineInMs = settings.deadlineInMs ?? 1_500
    this.#lastLookInMs = settings.monotonicNowInMs()
  }

  /** Gives how many intents were settled. */
  async open(): Promise<number> {
    const { settled, taken } = await this.#take()
    this.#taken = taken
    return settled
  }

  async #take(): Promise<{ readonly taken: Taken; readonly settled: number }> {
    const former = this.#former
    const session = await openPgSession(this.#target, this.#deadlineInMs, former === undefined)
    try {
      if (former !== undefined) {
        if (session.ledgerId !== former.session.ledgerId)
          throw new Error('another ledger is in the place of ours. Calls are refused until the proxy is started anew')
        await this.#mustBeThere(session, former.stream, former.head)
        await endSession(session, former.stream, former.session)
      }
      const stream = await takeStream(session, former?.stream)
      const chain = await readChain(session, stream, this.#settings.writer)
      await this.#tellKeyChanges(session, chain)
      const { settled } = await this.#settle(session, chain)
      return { taken: { session, chain }, settled }
    } catch (error) {
      session.connection.drop('it cannot be used')
      throw error
    }
  }

  /** An acknowledged entry can be gone after a failover to a replica that lagged, or when a backup was restored. */
  async #mustBeThere({ connection }: PgSession, stream: number, head: Head): Promise<void> {
    const [row] = await connection.ask({
      name: 'head',
      text: `SELECT hash FROM ${schema}.record WHERE stream = $1 AND sequence = $2`,
      values: [stream, head.sequence],
    })
    if (head.sequence > 0 && row?.['hash'] !== head.hash)
      throw new Error(
        `record ${String(head.sequence)} of stream ${String(stream)}, which was durable, is gone or changed: the database lost it. Calls are refused until the proxy is started anew`,
      )
  }

  async #tellKeyChanges(session: PgSession, chain: Chain): Promise<void> {
    const { checkpoint, checkpointAt } = chain.position
    if (checkpoint === undefined || this.#told.get(chain.stream) === checkpointAt) return
    const changes = this.#keys.changesSince(chain.origin, checkpoint, checkpointAt - 1)
    if (E.isLeft(changes)) throw new Error(changes.left)
    await this.#extend(session, chain, [], (draft) => {
      for (const detail of changes.right) add(draft, rowOf(lifecycle('keyChanged', this.#settings.spare(), detail)))
      return { result: undefined }
    })
    this.#told.set(chain.stream, checkpointAt)
  }

  #extend<A>(session: PgSession, chain: Chain, looks: ReadonlyArray<PgStatement>, make: Make<A>): Promise<A> {
    return extend(session, chain, this.#settings.writer, looks, make)
  }

  /** What we hold, taken anew if it was lost. */
  async #holding(): Promise<Taken> {
    if (this.#taken !== undefined) {
      const { chain, session } = this.#taken
      if (session.connection.lost() === undefined) return this.#taken
      this.#former = { session, stream: chain.stream, head: chain.position.head }
      this.#taken = undefined
    }
    const { taken } = await this.#take()
    this.#taken = taken
    return taken
  }

  #checkpointOf(draft: Draft, origin: string, { at, auditId }: Spare): CheckpointRecord {
    return {
      kind: 'checkpoint',
      auditId,
      at,
      note: this.#keys.signCheckpoint({ origin, size: draft.head.sequence, head: draft.head.hash }),
      openFrom: draft.openFrom,
      digestKey: this.#keys.digestKey,
      signedWith: this.#keys.verifierKey,
    }
  }

  async commit(batch: Batch): Promise<Committed> {
    const taken = await this.#holding()
    const { chain, session } = taken
    try {
      return await withRetry((attempt) => this.#write(taken, batch, attempt > 1))
    } catch (error) {
      if (error instanceof InDoubt)
        this.#doubts = [
          ...this.#doubts,
          ...batch.rows
            .filter(({ kind }) => kind === 'intent')
            .map(({ auditId, claim }) => ({ auditId, stream: chain.stream, key: claim?.forms[0].key })),
        ]
      if (endsSession(error)) session.connection.drop(String(error))
      throw error
    }
  }

  /** Ends of intents that turn out to be on record although that was told to have failed. */
  #endsOf(doubts: ReadonlyArray<Doubt>, known: { readonly intents: ReadonlySet<string> }, at: string): Array<Row> {
    return doubts
      .filter(({ auditId }) => known.intents.has(auditId))
      .map(({ auditId, key }) => ({
        ...rowOf(endOf(auditId, at, neverSent)),
        ...(key === undefined ? {} : { kept: { key, answer: undefined } }),
      }))
  }

  async #write({ chain, session }: Taken, batch: Batch, mustLook: boolean): Promise<Committed> {
    const { checkpoint: when, rows, spare } = batch
    // We hold the stream's lock, so no session that was lost can still commit to it.
    const doubts = this.#doubts.filter(({ stream }) => stream === chain.stream)
    const looks =
      mustLook || doubts.length > 0 || rows.some(({ claim }) => claim !== undefined)
        ? looksFor(
            rows,
            [...rows, ...doubts].map(({ auditId }) => auditId),
          )
        : []
    const committed = await this.#extend<Committed>(session, chain, looks, (draft, found) => {
      const known = looks.length === 0 ? nothingKnown : knownFrom(found)
      const ends = this.#endsOf(doubts, known, spare.at)
      const chosen = orThrow(chosenRows([...ends, ...rows], known))
      for (const row of chosen.rows) add(draft, row)
      const held = chosen.held.map(([place, holder]) => [place - ends.length, holder] as const)
      const statements = keepKeys(chosen.rows)
      const due = when === 'now' ? 1 : this.#settings.checkpointEveryRecords
      const { uncovered } = draft
      if (uncovered < due) return { result: { _tag: 'Committed', held }, statements }
      const checkpoint = this.#checkpointOf(draft, chain.origin, spare)
      add(draft, rowOf(checkpoint))
      return {
        result: { _tag: 'Committed', held, checkpoint: checkpoint.note },
        statements: [...statements, forgetClaims(spare.at, uncovered)],
        checkpoint,
      }
    })
    this.#doubts = this.#doubts.filter((doubt) => !doubts.includes(doubt))
    return committed
  }

  /** Settles what others left open in a stream that we hold, as far as it is old enough. */
  async #settle(session: PgSession, chain: Chain, withCheckpoint = false): Promise<Settled> {
    const result = await withRetry(() => this.#settleOnce(session, chain, withCheckpoint))
    const isOpen = this.#taken !== undefined || this.#former !== undefined
    if (isOpen && result.settled > 0) this.#settings.settledLater?.(result.settled)
    return result
  }

  async #settleOnce(session: PgSession, chain: Chain, withCheckpoint: boolean): Promise<Settled> {
    const { settleAfterInMs, spare } = this.#settings
    const { origin, stream, strangers } = chain
    const doubts = this.#doubts.filter((doubt) => doubt.stream === stream)
    const uncovered = chain.position.head.sequence - chain.position.checkpointAt
    if (strangers.size === 0 && doubts.length === 0 && !(withCheckpoint && uncovered > 0))
      return { ended: [], settled: 0, checkpoint: undefined }
    const looks = [
      ...looksFor([], [...strangers.keys(), ...doubts.map(({ auditId }) => auditId)]),
      {
        name: 'old enough',
        text: `SELECT audit_id FROM ${schema}.record WHERE stream = $1 AND sequence = ANY($2::bigint[])
          AND written_at <= clock_timestamp() - make_interval(secs => $3)`,
        values: [stream, [...strangers.values()], settleAfterInMs / 1_000],
      },
    ]
    const { at } = spare()
    const result = await this.#extend<Settled>(session, chain, looks, (draft, found) => {
      const known = knownFrom(found)
      const old = new Set((found[4] ?? []).map((row) => String(row['audit_id'])))
      const left = [...strangers.keys()].filter((auditId) => old.has(auditId) && !known.ended.has(auditId))
      const chosen = orThrow(
        chosenRows(
          [...this.#endsOf(doubts, known, at), ...left.map((auditId) => rowOf(endOf(auditId, at, writerEnded)))],
          known,
        ),
      )
      for (const row of chosen.rows) add(draft, row)
      for (const auditId of known.ended) chain.position.open.delete(auditId)
      const ended = [...known.ended, ...left]
      const statements = keepKeys(chosen.rows)
      const isDone = draft.openFrom > draft.head.sequence
      if (!withCheckpoint || !isDone || draft.uncovered === 0)
        return { result: { ended, settled: left.length, checkpoint: undefined }, statements }
      const checkpoint = this.#checkpointOf(draft, origin, spare())
      add(draft, rowOf(checkpoint))
      return { result: { ended, settled: left.length, checkpoint: checkpoint.note }, statements, checkpoint }
    })
    for (const auditId of result.ended) strangers.delete(auditId)
    this.#doubts = this.#doubts.filter((doubt) => !doubts.includes(doubt))
    return result
  }

  /** Does something with a stream that nobody writes. Undefined when somebody does, or when its chain does not fit. */
  async #withStream<A>(session: PgSession, stream: number, work: (chain: Chain) => Promise<A>): Promise<A | undefined> {
    if (!(await lockStream(session, stream))) return undefined
    try {
      const result = await work(await readChain(session, stream, this.#settings.writer))
      this.#broken.delete(stream)
      return result
    } catch (error) {
      if (error instanceof PgRefusal) throw error
      // For the operator to look into. Our own stream is not touched by that.
      this.#broken.set(stream, error instanceof Error ? error.message : String(error))
      return undefined
    } finally {
      await unlockStream(session, stream)
    }
  }

  async #otherStreams({ chain, session }: Taken): Promise<ReadonlyArray<readonly [stream: number, last: number]>> {
    const rows = await session.connection.ask({
      name: 'other streams',
      text: `SELECT number, (SELECT max(sequence) FROM ${schema}.record WHERE record.stream = number) AS last
        FROM ${schema}.stream WHERE number <> $1 ORDER BY number`,
      values: [chain.stream],
    })
    return rows.map((row) => [Number(row['number']), Number(row['last'] ?? 0)] as const)
  }

  /** Settles what is left open in a stream that nobody writes, and covers its end with a checkpoint. */
  #lookAfter(session: PgSession, stream: number): Promise<string | undefined> {
    return this.#withStream(session, stream, async (chain) => {
      const { checkpoint } = await this.#settle(session, chain, true)
      if (chain.position.open.size === 0) this.#quiet.set(stream, chain.position.head.sequence)
      return checkpoint
    })
  }

  async check(): Promise<Checked> {
    const taken = await this.#holding()
    const { chain, session } = taken
    try {
      await this.#mustBeThere(session, chain.stream, chain.position.head)
    } catch (error) {
      session.connection.drop(String(error))
      throw error
    }
    const { monotonicNowInMs, settleEveryInMs = 10_000 } = this.#settings
    if (monotonicNowInMs() - this.#lastLookInMs >= settleEveryInMs) {
      this.#lastLookInMs = monotonicNowInMs()
      await this.#settle(session, chain)
      const others = await this.#otherStreams(taken)
      const doubted = new Set(this.#doubts.map(({ stream }) => stream))
      this.#due = others
        .filter(([stream, last]) => doubted.has(stream) || (last > 0 && this.#quiet.get(stream) !== last))
        .map(([stream]) => stream)
    }
    // One each time, since calls wait meanwhile.
    const next = this.#due.shift()
    const checkpoint = next === undefined ? undefined : await this.#lookAfter(session, next)
    const warning = session.warning ?? [...this.#broken.values()][0]
    return {
      _tag: 'Checked',
      ...(warning === undefined ? {} : { warning }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    }
  }

  /** The oldest record of a stream, and up to where it may be pruned: to the last checkpoint that is older. */
  async #span({ connection }: PgSession, stream: number, olderThan: string) {
    const [row] = await connection.ask({
      name: 'span to prune',
      text: `SELECT (SELECT min(sequence) FROM ${schema}.record WHERE stream = $1) AS oldest,
        (SELECT max(sequence) FROM ${schema}.record WHERE stream = $1 AND kind = 'checkpoint' AND sequence < coalesce(
          (SELECT min(sequence) FROM ${schema}.record WHERE stream = $1 AND kind = 'checkpoint' AND at >= $2),
          9223372036854775807)) AS before`,
      values: [stream, olderThan],
    })
    return { oldest: Number(row?.['oldest'] ?? 0), before: Number(row?.['before'] ?? 0) }
  }

  async #pruneChain(
    session: PgSession,
    chain: Chain,
    olderThan: string,
    [spare, toSign]: SparesToPrune,
  ): Promise<Omit<Pruned, 'more'>> {
    const { stream } = chain
    const { before, oldest } = await this.#span(session, stream, olderThan)
    for (const sequence of chain.position.open.values()) if (sequence < before) return nothingPruned
    if (before <= oldest) return nothingPruned
    const upTo = Math.min(before, oldest + prunedAtOnce)
    const isKnown: PgStatement = {
      text: `SELECT FROM ${schema}.pruned WHERE stream = $1 AND before = $2`,
      values: [stream, before],
    }
    const note = await this.#extend(session, chain, [isKnown], (draft, [known = []]) => {
      if (known.length === 0) add(draft, rowOf(lifecycle('pruned', spare, { before, olderThan })))
      // Nobody who has not the key is to have made it up.
      const checkpoint = known.length === 0 ? this.#checkpointOf(draft, chain.origin, toSign) : undefined
      if (checkpoint !== undefined) add(draft, rowOf(checkpoint))
      return {
        result: checkpoint?.note,
        checkpoint,
        statements: [
          {
            text: `INSERT INTO ${schema}.pruned (stream, before) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
            values: [stream, before],
          },
          { text: `DELETE FROM ${schema}.record WHERE stream = $1 AND sequence < $2`, values: [stream, upTo] },
          {
            text: `DELETE FROM ${schema}.posting WHERE stream = $1 AND bucket = ANY($3::integer[])
              AND first IN (SELECT first FROM ${schema}.span WHERE stream = $1 AND last < $2)`,
            values: [stream, upTo, Array.from({ length: buckets }, (_, bucket) => bucket)],
          },
          { text: `DELETE FROM ${schema}.span WHERE stream = $1 AND last < $2`, values: [stream, upTo] },
        ],
      }
    })
    return { _tag: 'Pruned', records: upTo - oldest, ...(note === undefined ? {} : { checkpoint: note }) }
  }

  async prune(olderThan: string, spares: SparesToPrune): Promise<Pruned> {
    const taken = await this.#holding()
    const { chain, session } = taken
    const own = await this.#pruneChain(session, chain, olderThan, spares)
    if (own.records > 0) return { ...own, more: true }
    for (const [stream] of await this.#otherStreams(taken)) {
      const { before, oldest } = await this.#span(session, stream, olderThan)
      if (before <= oldest) continue
      const pruned = await this.#withStream(session, stream, (other) =>
        this.#pruneChain(session, other, olderThan, spares),
      )
      if (pruned !== undefined && pruned.records > 0) return { ...pruned, more: true }
    }
    return { ...nothingPruned, more: false }
  }

  async close(): Promise<void> {
    if (this.#taken === undefined) return
    const { chain, session } = this.#taken
    this.#taken = undefined
    if (session.connection.lost() !== undefined) return
    // So that the next one finds the stream free at once.
    await unlockStream(session, chain.stream)
    await session.connection.end()
  }
}

/**
 * The ledger in PostgreSQL, for many replicas: each takes a stream of its own, by an advisory lock of the one session that
 * all its writes go through. A commit is on the disk of the server, and of its synchronous standbys. Makes the tables, if
 * there are none and the role may. Left tells why the ledger cannot be opened.
 */
export const openPgLedgerWriter = async (
  settings: PgLedgerSettings,
  keys: LedgerKeys,
): Promise<E.Either<string, OpenedLedger>> => {
  const target = pgTarget(settings.url)
  if (E.isLeft(target)) return E.left(`the URL of the database cannot be used: ${target.left}`)
  const ledger = new PgLedger(settings, target.right, keys)
  const told = (error: unknown): string => {
    const message = `PostgreSQL at ${target.right.name}: ${error instanceof Error ? error.message : String(error)}`
    return error instanceof PgRefusal && error.code === '42501'
      ? `${message}. Have the owner give this role its rights: migrations/postgres/rights.sql`
      : message
  }
  const orFailed = async <A>(work: Promise<A>): Promise<A | WriteFailed> => {
    try {
      return await work
    } catch (error) {
      return { _tag: 'Failed', message: told(error) }
    }
  }
  const { tryAgain = () => Promise.resolve(false) } = settings
  const openWhenThere = async (): Promise<number> => {
    for (;;) {
      try {
        return await ledger.open()
      } catch (error) {
        if (!(error instanceof PgRefusal && error.isAway && (await tryAgain(told(error))))) throw error
      }
    }
  }
  try {
    const settled = await openWhenThere()
    return E.right({
      settled,
      writer: {
        commit: (batch) => orFailed(ledger.commit(batch)),
        check: () => orFailed(ledger.check()),
        prune: (olderThan, spares) => orFailed(ledger.prune(olderThan, spares)),
        close: async () => {
          await orFailed(ledger.close())
        },
      } satisfies LedgerWriter,
    })
  } catch (error) {
    return E.left(told(error))
  }
}
