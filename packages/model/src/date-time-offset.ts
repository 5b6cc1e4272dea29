import type * as t from 'io-ts'
import { DescribedType } from './described-type.js'

export interface DateTimeOffsetBrand {
  readonly DateTimeOffset: unique symbol
}

/**
 * A point in time with its offset, kept as the string it came as: JavaScript's Date would lose the digits behind the
 * milliseconds, and the offset.
 */
export type DateTimeOffset = t.Branded<string, DateTimeOffsetBrand>

const strict =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,7})?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/

// The calendar repeats every 400 years; Date.UTC would read a year below 100 as one of the 20th century.
const isDayOfMonth = (year: number, month: number, day: number): boolean =>
  day <= 28 || day <= new Date(Date.UTC(year + 400, month, 0)).getUTCDate()

// .NET keeps the instant in UTC, so an offset may not push it out of the years 1 to 9999.
const isInDotNetRange = (value: string, year: number): boolean => {
  if (year !== 1 && year !== 9999) return true
  const offset = value.endsWith('Z') ? '+00:00' : value.slice(-6)
  const offsetInMinutes =
    (offset.startsWith('-') ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)))
  const instant = Date.parse(`${value.slice(0, 19)}Z`) - offsetInMinutes * 60_000
  return instant >= Date.parse('0001-01-01T00:00:00Z') && instant <= Date.parse('9999-12-31T23:59:59Z')
}

const isDateTimeOffset = (u: unknown): u is DateTimeOffset => {
  if (typeof u !== 'string') return false
  const match = strict.exec(u)
  if (match === null) return false
  const year = Number(match[1])
  return year > 0 && isDayOfMonth(year, Number(match[2]), Number(match[3])) && isInDotNetRange(u, year)
}

/**
 * For sending: what OData's grammar, the pattern Graph publishes and .NET all accept, that is
 * `YYYY-MM-DDThh:mm:ss[.f]` with 1 to 7 digits of fraction and `Z` or an offset of at most 14:00, a day that exists,
 * years 0001 to 9999 (in UTC, too). Leap seconds, lower-case `t` and `z`, and a missing offset are refused.
 */
export const DateTimeOffset: DescribedType<DateTimeOffset> = new DescribedType('DateTimeOffset', isDateTimeOffset, {
  mismatch: 'format',
  expected:
    'a date and time with offset, YYYY-MM-DDThh:mm:ss, at most 7 digits of fraction, Z or an offset up to ±14:00, on a day that exists',
})

const odata =
  /^-?(?:0\d{3}|[1-9]\d{3,})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d{1,12})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

/**
 * For receiving: all that the OData ABNF rule `dateTimeOffsetValue` allows, so that another form of date in an answer
 * does not hide that Graph did what was asked. The calendar is not checked.
 */
export const ODataDateTimeOffset: DescribedType<string> = new DescribedType(
  'ODataDateTimeOffset',
  (u): u is string => typeof u === 'string' && odata.test(u),
  { mismatch: 'format', expected: 'an Edm.DateTimeOffset' },
)
