import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { intent, outcome } from '../../test/an-audit-store.js'
import {
  digestsOf,
  memoryReader,
  recordsOfHappenings,
  somethingHappened,
  writeSqliteLedger,
} from '../../test/a-ledger.js'
import type { AuditReader } from './audit-reader.js'
import type { AuditRecord } from './audit-record.js'
import { findCalls, type FoundPage } from './find-calls.js'
import { type Position, printCursor, readCursor } from './find-cursor.js'
import { readQuery } from './read-query.js'
import { openSqliteAuditReader } from './sqlite-audit-reader.js'

const now = new Date('2026-12-01T00:00:00Z')

type Asked = ReadonlyArray<readonly [name: string, value: string]>

const queryFor = (asked: Asked) => {
  const query = readQuery({ now, digestsOf })(asked)
  if (E.isLeft(query)) throw new Error(JSON.stringify(query.left))
  return query.right
}

/** All pages, one after the other. */
const pagesOf = async (
  reader: AuditReader,
  asked: Asked,
  limit: number,
  mostLookedAt = 50_000,
): Promise<ReadonlyArray<FoundPage>> => {
  const pages: Array<FoundPage> = []
  let cursor: string | undefined
  do {
    const page = await findCalls(reader)(queryFor(asked), {
      limit,
      mostLookedAt,
      ...(cursor === undefined ? {} : { cursor }),
    })()
    if (E.isLeft(page)) throw new Error(JSON.stringify(page.left))
    pages.push(page.right)
    cursor = page.right.cursor
  } while (cursor !== undefined)
  return pages
}

const few = fc.nat({ max: 2 })

const someNames: Readonly<Record<string, fc.Arbitrary<string>>> = {
  caller: few.map((one) => `o${one}`),
  tenant: few.map((one) => `t${one}`),
  app: few.map((one) => `a${one}`),
  callerKind: fc.constantFrom('user', 'application'),
  operation: fc.constantFrom('createManagedEBookDeviceState', 'createUserStateSummaryDeviceState'),
  version: fc.constantFrom('beta', 'v1.0'),
  book: few.map((one) => `B${one}`),
  userSummary: few.map((one) => `S${one}`),
  outcome: fc.constantFrom('applied', 'refused', 'notSent', 'indeterminate', 'open'),
  code: fc.constantFrom('c0', 'c1', 'c2', 'writerEnded', 'auditUnavailable', 'validatedOnly'),
  graphRequestId: few.map((one) => `g${one}`),
  createdId: few.map((one) => `n${one}`),
  clientRequestId: few.map((one) => `r${one}`),
  peer: few.map((one) => `127.0.0.${one}`),
  deviceId: few.map((one) => `d${one}`),
  userName: few.map((one) => `u${one}`),
  installState: fc.constantFrom('failed', 'installed'),
  since: fc.integer({ min: 1, max: 2_000 }).map((hours) => `${hours}h`),
  until: fc.integer({ min: 0, max: 2_000 }).map((hours) => `${hours}h`),
  refusals: fc.constant('true'),
  calls: fc.constant('true'),
}

const asked: fc.Arbitrary<Asked> = fc
  .uniqueArray(fc.constantFrom(...Object.keys(someNames)), { maxLength: 3 })
  .chain((names) =>
    fc.tuple(...names.map((name) => (someNames[name] ?? fc.constant('')).map((value) => [name, value] as const))),
  )
  .filter((pairs) => E.isRight(readQuery({ now, digestsOf })(pairs)))

const hoursAgo = (text: string): string => new Date(now.getTime() - Number.parseInt(text, 10) * 3_600_000).toISOString()

/** The same question, answered by looking at everything, in other words. */
const isMeant = (pairs: Asked, records: ReadonlyArray<AuditRecord>): boolean => {
  const intentIn = records.find((record) => record.kind === 'intent')
  const outcomeIn = records.find((record) => record.kind === 'outcome')
  const alone = records.find(({ kind }) => ['refusal', 'replay', 'connection'].includes(kind))
  const beginning = intentIn ?? alone
  if (beginning === undefined) return false
  const has = (value: unknown, wanted: string): boolean => value === wanted
  const caller = 'caller' in beginning ? beginning.caller : undefined
  const ids: Readonly<Record<string, string>> = ('ids' in beginning ? beginning.ids : undefined) ?? {}
  const about = new Map<string, unknown>(Object.entries({ ...outcomeIn, ...alone, ...beginning }))
  const isTurnedAway = alone !== undefined && alone.kind !== 'replay' && !has(about.get('code'), 'validatedOnly')
  return pairs.every(([name, value]) => {
    switch (name) {
      case 'caller':
        return has(caller?.objectId, value)
      case 'tenant':
        return has(caller?.tenantId, value)
      case 'app':
        return has(caller?.appId, value)
      case 'callerKind':
        return has(caller?.kind, value)
      case 'book':
        return has(ids['managedEBookId'], value)
      case 'userSummary':
        return has(ids['userInstallStateSummaryId'], value)
      case 'outcome':
        return value === 'open' ? intentIn !== undefined && outcomeIn === undefined : has(outcomeIn?.outcome, value)
      case 'clientRequestId':
        return has(about.get('callerRequestId'), value)
      case 'deviceId':
      case 'userName':
        return [...digestsOf(name, value), value].includes(intentIn?.fields[name] ?? '')
      case 'installState':
        return has(intentIn?.fields[name], value)
      case 'since':
        return beginning.at >= hoursAgo(value)
      case 'until':
        return beginning.at <= hoursAgo(value)
      case 'refusals':
        return isTurnedAway
      case 'calls':
        return !isTurnedAway
      default:
        return has(about.get(name), value)
    }
  })
}

const meantIn = (records: ReadonlyArray<AuditRecord>, pairs: Asked): ReadonlyArray<string> =>
  [...Map.groupBy(records, ({ auditId }) => auditId)]
    .filter(([, all]) => isMeant(pairs, all))
    .map(([auditId]) => auditId)
    .toSorted()

const idsIn = (pages: ReadonlyArray<FoundPage>): ReadonlyArray<string> =>
  pages.flatMap(({ found }) => found.map(({ call }) => call.auditId))

const right = <Value>(either: E.Either<unknown, Value>): Value => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

describe('a search', () => {
  it('finds what a look at every record finds, each call once, however it is cut into pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(somethingHappened, { maxLength: 40 }),
        asked,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        async (happenings, pairs, limit, mostLookedAt) => {
          const records = recordsOfHappenings(happenings)

          const pages = await pagesOf(memoryReader(records), pairs, limit, mostLookedAt)

          expect(idsIn(pages).toSorted()).toEqual(meantIn(records, pairs))
          for (const { found, lookedAt } of pages) {
            expect(found.length).toBeLessThanOrEqual(limit)
            expect(lookedAt).toBeLessThanOrEqual(mostLookedAt)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('leads past no call twice and none never when calls are written between two pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(somethingHappened, { minLength: 10, maxLength: 40 }),
        asked,
        async (happenings, pairs) => {
          const records = recordsOfHappenings(happenings)
          const before = records.slice(0, -5)
          const first = right(await findCalls(memoryReader(before))(queryFor(pairs), { limit: 2, mostLookedAt: 100 })())
          if (first.cursor === undefined) return

          const ids = [...idsIn([first])]
          let cursor: string | undefined = first.cursor
          while (cursor !== undefined) {
            const page: FoundPage = right(
              await findCalls(memoryReader(records))(queryFor(pairs), { limit: 2, mostLookedAt: 100, cursor })(),
            )
            ids.push(...idsIn([page]))
            cursor = page.cursor
          }

          expect(new Set(ids).size).toBe(ids.length)
          const old = new Set(before.map(({ auditId }) => auditId))
          // What was open then and has ended since may fit now where it did not, or no longer.
          const changed = new Set(records.slice(-5).map(({ auditId }) => auditId))
          expect(ids.filter((id) => old.has(id) && !changed.has(id)).toSorted()).toEqual(
            meantIn(before, pairs).filter((id) => !changed.has(id)),
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  const records = [intent('01900000-0000-7000-8000-000000000001'), outcome('01900000-0000-7000-8000-000000000001')]

  it('says that a page ended because enough was looked at', async () => {
    const [page, ...others] = await pagesOf(
      memoryReader([...records, intent()]),
      [
        ['outcome', 'open'],
        ['peer', '127.0.0.1'],
      ],
      5,
      1,
    )

    expect(page).toMatchObject({ lookedAt: 1, isCutShort: true })
    expect(others.length).toBeGreaterThan(0)
  })

  it('goes by the time of the call where it finds it by its outcome, which comes later', async () => {
    const [begun, ended] = [
      intent('01900000-0000-7000-8000-000000000001'),
      outcome('01900000-0000-7000-8000-000000000001'),
    ]
    const later = { ...ended, at: '2026-11-23T12:00:20.000Z' }

    for (const [until, count] of [
      ['2026-11-23T12:00:10Z', 1],
      ['2026-11-23T11:59:59Z', 0],
    ] as const) {
      const pages = await pagesOf(
        memoryReader([begun, later]),
        [
          ['createdId', 'x'],
          ['until', until],
        ],
        5,
      )
      expect(idsIn(pages)).toHaveLength(count)
    }
    for (const [since, count] of [
      ['2026-11-23T12:00:00Z', 1],
      ['2026-11-23T12:00:10Z', 0],
    ] as const) {
      const pages = await pagesOf(
        memoryReader([begun, later]),
        [
          ['createdId', 'x'],
          ['since', since],
        ],
        5,
      )
      expect(idsIn(pages)).toHaveLength(count)
    }
  })

  it('of one call looks it up', async () => {
    const pages = await pagesOf(memoryReader(records), [['auditId', '01900000-0000-7000-8000-000000000001']], 5)

    expect(pages.map(({ found }) => found.map(({ call, entries }) => [call.outcome, entries.length]))).toEqual([
      [['applied', 2]],
    ])
  })

  it.each(['', 'x', '!!', btoa('{"v":2}'), btoa('{"v":1,"by":"peer","at":[0,0]}')])(
    'refuses the cursor %j',
    async (cursor) => {
      const page = await findCalls(memoryReader(records))(queryFor([['peer', 'x']]), {
        limit: 1,
        mostLookedAt: 1,
        cursor,
      })()

      expect(page).toEqual(E.left({ _tag: 'CursorUnusable' }))
    },
  )

  it('puts nothing of what is looked for into the cursor', async () => {
    const page = right(
      await findCalls(memoryReader([...records, intent()]))(queryFor([['peer', '127.0.0.1']]), {
        limit: 1,
        mostLookedAt: 10,
      })(),
    )

    expect(atob(page.cursor ?? '')).toBe('{"v":1,"by":"peer","at":["3"]}')
  })
})

describe('a cursor', () => {
  it('comes back as it was, whatever a reader calls its places, and needs no escape in a URL', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (hits) => {
        const position: Position = { by: 'peer', places: hits.map((hit) => ({ at: 'hit', hit })), since: 'x' }
        const cursor = printCursor(position)

        expect(cursor).toMatch(/^[\w-]+$/)
        expect(readCursor(cursor)).toEqual(E.right(position))
      }),
    )
  })
})

describe('a search in SQLite', () => {
  const directory = mkdtempSync(join(tmpdir(), 'find-'))
  const happenings = fc.sample(fc.array(somethingHappened, { minLength: 6_000, maxLength: 6_000, size: 'max' }), {
    numRuns: 1,
    seed: 5,
  })[0]
  const records = recordsOfHappenings(happenings ?? [])
  let reader: AuditReader

  beforeAll(() => {
    writeSqliteLedger(directory, records)
    reader = right(openSqliteAuditReader(directory))
  })
  afterAll(async () => {
    await reader.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('finds the same, in spans that are indexed and in the rest', async () => {
    expect(records.length).toBeGreaterThan(2 * 4_096)
    await fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 50, max: 3_000 }), async (pairs, limit) => {
        expect(idsIn(await pagesOf(reader, pairs, limit, 5_000)).toSorted()).toEqual(meantIn(records, pairs))
      }),
      { numRuns: 25 },
    )
  })
})
