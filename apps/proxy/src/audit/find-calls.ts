import * as A from 'fp-ts/lib/ReadonlyArray.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { AuditReader, Hit, LedgerUnreadable, StoredEntry } from './audit-reader.js'
import { type AuditedCall, auditedCallOf, recordsIn } from './audited-call.js'
import { type Place, type Position, printCursor, readCursor } from './find-cursor.js'
import { matches, type Query, type Way, waysOf } from './query.js'

/** A call that was found, and all that is on record of it. */
export interface FoundCall {
  readonly call: AuditedCall
  readonly entries: ReadonlyArray<StoredEntry>
}

export interface FoundPage {
  /** Newest first, by the record that they were found by; with several digests of one value, about so. */
  readonly found: ReadonlyArray<FoundCall>
  /** Where the next page begins; undefined when there is nothing more. */
  readonly cursor: string | undefined
  readonly lookedAt: number
  /** There may be more, but enough was looked at for one page. */
  readonly isCutShort: boolean
}

/** The cursor is none of ours, or one of a search for something else, or the keys of digests have changed since. */
export interface CursorUnusable {
  readonly _tag: 'CursorUnusable'
}

export interface PageWanted {
  /** At least 1. */
  readonly limit: number
  readonly cursor?: string
  /** So many calls are looked at for one page. */
  readonly mostLookedAt: number
}

type Unfound = LedgerUnreadable | CursorUnusable
type Found<Value> = TE.TaskEither<Unfound, Value>

const cursorUnusable: CursorUnusable = { _tag: 'CursorUnusable' }

/** Calls whose records are loaded together. */
const mostTogether = 100
const mostHitsTogether = 1_000

/** How common the calls are that a way leads past, as far as the reader can tell. */
const commonness =
  ({ estimate }: AuditReader) =>
  (way: Way): TE.TaskEither<LedgerUnreadable, { readonly way: Way; readonly calls: number }> =>
    pipe(
      way.terms,
      TE.traverseArray((term) => (term === undefined ? TE.right(Number.POSITIVE_INFINITY) : estimate(term))),
      TE.map((calls) => ({ way, calls: calls.reduce((sum, some) => sum + some, 0) })),
    )

/** The way past the fewest calls. */
const shortestWay =
  (reader: AuditReader) =>
  (ways: ReadonlyArray<Way>): TE.TaskEither<LedgerUnreadable, Way | undefined> =>
    ways.length <= 2
      ? TE.right(ways[0])
      : pipe(
          ways,
          TE.traverseArray(commonness(reader)),
          TE.map((told) => told.toSorted((one, other) => one.calls - other.calls)[0]?.way),
        )

const positionAtStart =
  (reader: AuditReader) =>
  (query: Query): Found<Position> =>
    pipe(
      shortestWay(reader)(waysOf(query)),
      TE.map((way) => ({
        by: way?.by ?? 'time',
        places: (way?.terms ?? []).map((): Place => ({ at: 'start' })),
        ...(query.since === undefined ? {} : { since: query.since }),
        ...(query.until === undefined ? {} : { until: query.until }),
      })),
    )

/** What is read by one term. */
interface Source {
  readonly term: number | undefined
  /** After the last hit that was looked at. */
  place: Place
  /** Read ahead. */
  hits: ReadonlyArray<Hit>
  /** Of those, so many were taken. */
  taken: number
  /** Nothing comes after them. */
  isDry: boolean
}

/** A search under way. */
interface Walk {
  readonly way: Way
  readonly query: Query
  readonly sources: ReadonlyArray<Source>
}

/** A later page is for the same times as the first, however they were said: seven days ago is later by then. */
const walkFrom =
  (query: Query) =>
  (position: Position): E.Either<CursorUnusable, Walk> => {
    const { auditId, conditions } = query
    const { since, until } = position
    const timed: Query = {
      conditions,
      ...(auditId === undefined ? {} : { auditId }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    }
    const way = waysOf(timed).find(({ by }) => by === position.by)
    return way === undefined || way.terms.length !== position.places.length
      ? E.left(cursorUnusable)
      : E.right({
          way,
          query: timed,
          sources: pipe(
            A.zip(way.terms, position.places),
            A.map(([term, place]): Source => ({ term, place, hits: [], taken: 0, isDry: place.at === 'end' })),
          ),
        })
  }

/** As times stand in records, and nothing else that could be a date: a cursor may be of its sender's own making. */
const isTime = (text: string | undefined): boolean => {
  if (text === undefined) return true
  const ms = text.length === '2026-11-23T12:00:00.000Z'.length ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text
}

const positionIn = (cursor: string): E.Either<CursorUnusable, Position> =>
  pipe(
    readCursor(cursor),
    E.filterOrElseW(
      ({ since, until }) => isTime(since) && isTime(until),
      () => cursorUnusable,
    ),
    E.mapLeft(() => cursorUnusable),
  )

const begin =
  (reader: AuditReader, { cursor }: PageWanted) =>
  (query: Query): Found<Walk> =>
    pipe(
      cursor === undefined ? positionAtStart(reader)(query) : TE.fromEither(positionIn(cursor)),
      TE.chainEitherKW(walkFrom(query)),
    )

const isRead = ({ hits, taken }: Source): boolean => taken === hits.length

const isAtEnd = (source: Source): boolean => source.isDry && isRead(source)

/** Reads on where all that was read ahead is taken. */
const readOn =
  (reader: AuditReader, { since, until }: Way, limit: number) =>
  async (source: Source): Promise<E.Either<LedgerUnreadable, void>> => {
    const { place, term } = source
    if (source.isDry || !isRead(source)) return E.right(undefined)
    const read = await reader.seek({
      limit,
      ...(term === undefined ? {} : { term }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(place.at === 'hit' ? { cursor: place.hit } : {}),
    })()
    if (E.isLeft(read)) return read
    source.hits = read.right
    source.taken = 0
    source.isDry = read.right.length < limit
    return E.right(undefined)
  }

interface Candidate {
  readonly source: Source
  readonly hit: Hit
}

/** The next hit, the newest of all sources: ids of calls begin with their time (UUIDv7). */
const next = (sources: ReadonlyArray<Source>): Candidate | undefined => {
  let newest: Candidate | undefined
  for (const source of sources) {
    const hit = source.hits[source.taken]
    // What comes next there may be newer than what the others have.
    if (hit === undefined && !source.isDry) return undefined
    if (hit !== undefined && (newest === undefined || hit.auditId > newest.hit.auditId)) newest = { source, hit }
  }
  return newest
}

const take = (sources: ReadonlyArray<Source>, most: number): ReadonlyArray<Candidate> => {
  const taken: Array<Candidate> = []
  while (taken.length < most) {
    const candidate = next(sources)
    if (candidate === undefined) break
    candidate.source.taken++
    taken.push(candidate)
  }
  return taken
}

const foundIn = (entries: ReadonlyArray<StoredEntry> = []): FoundCall | undefined => {
  const call = auditedCallOf(recordsIn(entries))
  return call === undefined ? undefined : { call, entries }
}

/** All that is on record of each candidate, by its id. */
const loaded =
  ({ entriesOf }: AuditReader) =>
  (
    candidates: ReadonlyArray<Candidate>,
  ): TE.TaskEither<LedgerUnreadable, ReadonlyMap<string, ReadonlyArray<StoredEntry>>> =>
    pipe(
      entriesOf([...new Set(candidates.map(({ hit }) => hit.auditId))]),
      TE.map((entries) => Map.groupBy(entries, ({ auditId }) => auditId)),
    )

const placeOf = (source: Source): Place => (isAtEnd(source) ? { at: 'end' } : source.place)

const cursorOf = ({ query, sources, way }: Walk): string | undefined =>
  sources.every(isAtEnd)
    ? undefined
    : printCursor({
        by: way.by,
        places: sources.map(placeOf),
        ...(query.since === undefined ? {} : { since: query.since }),
        ...(query.until === undefined ? {} : { until: query.until }),
      })

const goOn =
  (reader: AuditReader, { limit, mostLookedAt }: PageWanted) =>
  async (walk: Walk): Promise<E.Either<Unfound, FoundPage>> => {
    const { query, sources, way } = walk
    const isWanted = matches(query)
    const found = new Map<string, FoundCall>()
    let lookedAt = 0
    let together = Math.min(mostTogether, limit)

    while (found.size < limit && lookedAt < mostLookedAt && !sources.every(isAtEnd)) {
      for (const source of sources) {
        const read = await readOn(reader, way, together === mostTogether ? mostHitsTogether : together + 1)(source)
        if (E.isLeft(read)) return read
      }
      const candidates = take(sources, Math.min(together, mostLookedAt - lookedAt))
      const calls = await loaded(reader)(candidates)()
      if (E.isLeft(calls)) return calls
      for (const [index, { hit, source }] of candidates.entries()) {
        source.place = { at: 'hit', hit: hit.cursor }
        lookedAt++
        const one = foundIn(calls.right.get(hit.auditId))
        if (one !== undefined && isWanted(one.call)) found.set(hit.auditId, one)
        if (found.size === limit) {
          // The others are for the next page.
          for (const left of candidates.slice(index + 1)) left.source.taken--
          break
        }
      }
      together = mostTogether
    }

    const cursor = cursorOf(walk)
    return E.right({
      found: [...found.values()],
      cursor,
      lookedAt,
      isCutShort: cursor !== undefined && found.size < limit,
    })
  }

const lookUp =
  (reader: AuditReader, query: Query) =>
  (auditId: string): Found<FoundPage> =>
    pipe(
      reader.entriesOf([auditId]),
      TE.map((entries) => {
        const one = foundIn(entries)
        return {
          found: one !== undefined && matches(query)(one.call) ? [one] : [],
          cursor: undefined,
          lookedAt: 1,
          isCutShort: false,
        }
      }),
    )

/**
 * Finds calls: goes by the rarest thing that is asked for and looks at the whole of each call, since terms are digests and two
 * may share one. What is written meanwhile changes no later page. A search for an `auditId` has one page. When exactly as many
 * are there as were wanted there is a cursor, and maybe nothing behind it.
 */
export const findCalls =
  (reader: AuditReader) =>
  (query: Query, wanted: PageWanted): TE.TaskEither<LedgerUnreadable | CursorUnusable, FoundPage> =>
    query.auditId === undefined
      ? pipe(
          begin(reader, wanted)(query),
          TE.chain((walk) => () => goOn(reader, wanted)(walk)),
        )
      : lookUp(reader, query)(query.auditId)
