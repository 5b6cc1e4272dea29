import { deviceInstallStateFields } from '@device-install-state/model/fields'
import { graphVersions, operations } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import { isClear } from '../domain/field-clarity.js'
import { outcomes } from './kept-record.js'
import type { Condition, Query } from './query.js'

/** The digests that a value may have on record, one a key, newest first. */
export type DigestsOf = (field: string, value: string) => ReadonlyArray<string>

/** Something that was asked for and is not understood. The message holds no value. */
export interface QueryProblem {
  readonly name: string
  readonly message: string
}

export interface QueryContext {
  readonly now: Date
  /** Undefined where there is no key: values that stand as digests in the ledger cannot be looked for then. */
  readonly digestsOf: DigestsOf | undefined
}

const fieldNames: ReadonlyArray<string> = Object.entries(deviceInstallStateFields)
  .filter(([name, { request }]) => request !== 'never' && !name.startsWith('@'))
  .map(([name]) => name)

const plainNames = [
  'auditId',
  'caller',
  'tenant',
  'app',
  'callerKind',
  'operation',
  'version',
  'book',
  'userSummary',
  'outcome',
  'code',
  'graphRequestId',
  'createdId',
  'clientRequestId',
  'peer',
  'since',
  'until',
  'calls',
  'refusals',
] as const

type PlainName = (typeof plainNames)[number]

/** Names whose values may tell of a person: for no URL, no log. */
export const hiddenQueryNames: ReadonlyArray<string> = fieldNames.filter((name) => !isClear(name))

/** All that can be asked for, but for the page: names of settings, of properties of the body, and of ids. */
export const queryNames: ReadonlyArray<string> = [...plainNames, 'idempotencyKey', ...fieldNames]

const isPlainName = (name: string): name is PlainName => plainNames.some((known) => known === name)

const isDigest = (value: string): boolean => /^hmac-sha256:[0-9a-f]{8}:[A-Za-z0-9_-]{43}$/.test(value)

const wrong = (name: string, message: string): E.Either<QueryProblem, never> => E.left({ name, message })

const unitInMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/
const dayAlone = /^\d{4}-\d{2}-\d{2}$/

const exactTime = (text: string): number => {
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase())
  // Date.parse takes 31 February for a day in March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00.000Z`)
  return Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== text.slice(0, 10) ? Number.NaN : ms
}

const timeOf = (text: string, end: 'since' | 'until', now: Date): number => {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  if (count !== '') return now.getTime() - Number(count) * (unitInMs[unit] ?? Number.NaN)
  if (dayAlone.test(text)) return exactTime(`${text}T00:00:00Z`) + (end === 'until' ? 86_400_000 - 1 : 0)
  return rfc3339.test(text) ? exactTime(text) : Number.NaN
}

/** A time, a day in UTC (from its beginning, or to its end), or how long ago: `90m`, `24h`, `7d`, `2w`. */
const readTime = (name: 'since' | 'until', text: string, { now }: QueryContext): E.Either<QueryProblem, string> => {
  const ms = timeOf(text, name, now)
  return ms >= 0 && ms < 253_402_300_800_000
    ? E.right(new Date(ms).toISOString())
    : wrong(name, 'must be a time (2026-11-23T12:00:00Z), a day (2026-11-23), or how long ago (90m, 24h, 7d, 2w)')
}

/** What one name adds to a query. */
type Part = Omit<Partial<Query>, 'conditions'> & { readonly condition?: Condition }

const is = (name: Condition['name'], ...forms: ReadonlyArray<string>): E.Either<QueryProblem, Part> =>
  E.right({ condition: { name, forms } })

const oneOf = (
  name: 'callerKind' | 'operation' | 'version' | 'outcome',
  value: string,
  words: ReadonlyArray<string>,
): E.Either<QueryProblem, Part> =>
  words.includes(value) ? is(name, value) : wrong(name, `must be one of ${words.join(', ')}`)

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const kindOf = (name: 'calls' | 'refusals', value: string): E.Either<QueryProblem, Part> => {
  if (value === 'false') return E.right({})
  if (value !== 'true') return wrong(name, 'must be true or false')
  return name === 'calls' ? is('kind', 'call', 'replay', 'validation') : is('kind', 'refusal', 'connection')
}

const plainPart = (name: PlainName, value: string, context: QueryContext): E.Either<QueryProblem, Part> => {
  switch (name) {
    case 'auditId':
      return guid.test(value) ? E.right({ auditId: value.toLowerCase() }) : wrong(name, 'must be a GUID')
    case 'since':
    case 'until': {
      const time = readTime(name, value, context)
      return E.isLeft(time) ? time : E.right({ [name]: time.right })
    }
    case 'calls':
    case 'refusals':
      return kindOf(name, value)
    case 'callerKind':
      return oneOf(name, value, ['application', 'user'])
    case 'operation':
      return oneOf(
        name,
        value,
        operations.map((operation) => operation.name),
      )
    case 'version':
      return oneOf(name, value, graphVersions)
    case 'outcome':
      return oneOf(name, value, [...outcomes, 'open'])
    default:
      return is(name, value)
  }
}

/** Digested by whatever key, or as it stands: what is digested is the operator’s choice, and may have changed. */
const hiddenPart = (name: string, value: string, { digestsOf }: QueryContext): E.Either<QueryProblem, Part> => {
  if (isDigest(value)) return is(`field:${name}`, value)
  return digestsOf === undefined
    ? wrong(name, 'stands in the ledger as a digest, and the key of the digests is not there')
    : is(`field:${name}`, ...digestsOf(name, value), value)
}

const partOf = (name: string, value: string, context: QueryContext): E.Either<QueryProblem, Part> => {
  if (value === '') return wrong(name, 'is empty')
  if (isPlainName(name)) return plainPart(name, value, context)
  // It is digested together with whose it is.
  if (name === 'idempotencyKey')
    return isDigest(value) ? is(name, value) : wrong(name, 'must be the digest that stands in a record')
  if (!fieldNames.includes(name)) return wrong(name, `is not known. Known are ${queryNames.join(', ')}`)
  return isClear(name) ? is(`field:${name}`, value) : hiddenPart(name, value, context)
}

const together = (query: Query): ReadonlyArray<QueryProblem> => [
  ...(query.conditions.filter(({ name }) => name === 'kind').length > 1
    ? [{ name: 'refusals', message: 'and calls: choose one of the two' }]
    : []),
  ...(query.since !== undefined && query.until !== undefined && query.since > query.until
    ? [{ name: 'since', message: 'is later than until' }]
    : []),
]

/**
 * What to look for, by names and values as people write them. A value of a property that is digested in the ledger is given
 * clear, or as the digest that stands in some record. Left tells every problem.
 */
export const readQuery =
  (context: QueryContext) =>
  (asked: ReadonlyArray<readonly [name: string, value: string]>): E.Either<ReadonlyArray<QueryProblem>, Query> => {
    const parts = asked.map(([name, value]) => partOf(name, value, context))
    const problems = parts.flatMap((part) => (E.isLeft(part) ? [part.left] : []))
    const good = parts.flatMap((part) => (E.isRight(part) ? [part.right] : []))
    const conditions = good.flatMap(({ condition }) => (condition === undefined ? [] : [condition]))
    const query: Query = { conditions }
    for (const { condition: _condition, ...more } of good) Object.assign(query, more)
    const all = [...problems, ...together(query)]
    return all.length === 0 ? E.right(query) : E.left(all)
  }
