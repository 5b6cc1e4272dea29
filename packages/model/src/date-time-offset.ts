import type * as t from 'io-ts'
import { type Described, stringLeaf } from './described.js'

/** Marks what the codec has seen. */
export interface DateTimeOffsetBrand {
  readonly DateTimeOffset: unique symbol
}

/**
 * A point in time with its offset, kept as the string it came as: JavaScript's Date would lose the digits behind the
 * milliseconds, and the offset. The functions beside it read it.
 */
export type DateTimeOffset = t.Branded<string, DateTimeOffsetBrand>

const grammar =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,7})?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/

// The functions from here read texts that fit the grammar.

// Date refuses a day that its month does not have, or goes on into the next month: either shows.
const isOnCalendar = (text: string): boolean => {
  const date = text.slice(0, 10)
  return new Date(date).toJSON()?.startsWith(date)
}

const minutesIn = (text: string): number =>
  text.endsWith('Z') ? 0 : Number(`${text.slice(-6, -5)}1`) * (Number(text.slice(-5, -3)) * 60 + Number(text.slice(-2)))

const millisecondsAtUnixEpoch = 62_135_596_800_000
const millisecondsAtYear10000 = 315_537_897_600_000

/** Whole seconds since 0001-01-01T00:00:00Z, in milliseconds. */
const millisecondsIn = (text: string): number =>
  Date.parse(`${text.slice(0, 19)}Z`) + millisecondsAtUnixEpoch - minutesIn(text) * 60_000

const ticksIn = (text: string): bigint =>
  BigInt(millisecondsIn(text)) * 10_000n + BigInt((/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(7, '0'))

// .NET keeps the instant in UTC, so an offset may not push it out of the years 1 to 9999.
const isInDotNetRange = (text: string): boolean => {
  const milliseconds = millisecondsIn(text)
  return milliseconds >= 0 && milliseconds < millisecondsAtYear10000
}

// Most texts are sure to be on the calendar and in range by three of their digits: the year begins with 1 to 8, and the
// day is at most 28.
const isSure = (text: string): boolean => {
  const century = text.charCodeAt(0) - zero
  return century > 0 && century < 9 && text.charCodeAt(8) * 10 + text.charCodeAt(9) <= zero * 11 + 28
}

const zero = 0x30

export const isDateTimeOffset = (u: unknown): u is DateTimeOffset =>
  typeof u === 'string' && grammar.test(u) && (isSure(u) || (isOnCalendar(u) && isInDotNetRange(u)))

/**
 * For sending: what OData's grammar, the pattern Graph publishes and .NET all accept, that is
 * `YYYY-MM-DDThh:mm:ss[.f]` with 1 to 7 digits of fraction and `Z` or an offset of at most 14:00, a day that exists,
 * years 0001 to 9999 (in UTC, too). Leap seconds, lower-case `t` and `z`, and a missing offset are refused.
 */
export const DateTimeOffset: Described<DateTimeOffset> = stringLeaf(
  'DateTimeOffset',
  isDateTimeOffset,
  'an existing YYYY-MM-DDThh:mm:ss, up to 7 digits of fraction, Z or an offset up to ±14:00',
  'format',
)

const odata =
  /^-?(?:0\d{3}|[1-9]\d{3,})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d{1,12})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

export const isODataDateTimeOffset = (u: unknown): u is string => typeof u === 'string' && odata.test(u)

/**
 * For receiving: all that the OData ABNF rule `dateTimeOffsetValue` allows, so that another form of date in an answer
 * does not hide that Graph did what was asked. The calendar is not checked. `DateTimeOffset.is` tells the usual form.
 */
export const ODataDateTimeOffset: Described<string> = stringLeaf(
  'ODataDateTimeOffset',
  isODataDateTimeOffset,
  'an Edm.DateTimeOffset',
  'format',
)

/**
 * Ticks of 100 ns since 0001-01-01T00:00:00Z, as .NET's `DateTimeOffset.UtcTicks`: the instant, without loss. Does not check,
 * nor do the functions below, that its argument is a `DateTimeOffset`: the codec has done that.
 */
export const utcTicks = (value: DateTimeOffset): bigint => ticksIn(value)

/** Milliseconds since 1970-01-01T00:00:00Z, as `Date.prototype.getTime`. What is finer is cut off, towards the past. */
export const epochMilliseconds = (value: DateTimeOffset): number =>
  Number(ticksIn(value) / 10_000n) - millisecondsAtUnixEpoch

/** Minutes that the local time is ahead of UTC: -480 for `-08:00`, 0 for `Z`. */
export const offsetInMinutes = (value: DateTimeOffset): number => minutesIn(value) + 0

const compareInstants = (a: DateTimeOffset, b: DateTimeOffset): -1 | 0 | 1 => {
  const difference = ticksIn(a) - ticksIn(b)
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}

/** Compares instants, whatever their offsets. Has the shape of fp-ts's `Ord`. */
export const instantOrd: {
  readonly equals: (a: DateTimeOffset, b: DateTimeOffset) => boolean
  readonly compare: typeof compareInstants
} = { equals: (a, b) => compareInstants(a, b) === 0, compare: compareInstants }

/** The instant of a Date, in UTC with milliseconds. Refused: an invalid Date, and years outside of 1 to 9999. */
export const dateTimeOffsetFromDate = (date: Date): t.Validation<DateTimeOffset> => DateTimeOffset.decode(date.toJSON())

/** What Intune gives for a date that must be there and never was: `0001-01-01T00:00:00Z`. */
export const isNever = (value: string): boolean => isDateTimeOffset(value) && ticksIn(value) === 0n
