import * as fc from 'fast-check'
import { sort } from 'fp-ts/lib/ReadonlyArray.js'
import { describe, expect, it } from 'vitest'
import { nonStringVectors, type Vector, vectors } from '../test/support/date-time-offset-vectors.js'
import { dateTimeOffset, odataDateTimeOffset } from './arbitrary/index.js'
import {
  DateTimeOffset,
  dateTimeOffsetFromDate,
  epochMilliseconds,
  instantOrd,
  isNever,
  ODataDateTimeOffset,
  offsetInMinutes,
  utcTicks,
} from './index.js'

describe('DateTimeOffset, for sending', () => {
  it.each(vectors)('agrees with the grammars, the calendar and .NET on $input', (vector) => {
    const accepted =
      vector.abnf && vector.graphOpenApiPattern && vector.calendarValid === true && vector.dotnetExpected === true

    expect(DateTimeOffset.is(vector.input)).toBe(accepted)
  })

  it.each(nonStringVectors)('refuses $json, which is no string', ({ json }) => {
    expect(DateTimeOffset.is(json)).toBe(false)
  })

  it.each([
    ['2017-01-01T00:02:49.3205976-08:00', 'the example of the page'],
    ['2024-06-30T12:00:00Z', 'no fraction'],
    ['2024-06-30T12:00:00.1Z', 'one digit'],
    ['2024-06-30T12:00:00.1234567Z', 'seven digits'],
    ['2024-06-30T12:00:00-14:00', 'the smallest offset'],
    ['0004-02-29T00:00:00Z', 'a leap day of an early year'],
    ['9999-12-31T23:59:59.9999999Z', 'the last instant of .NET'],
    ['0001-01-01T14:00:00+14:00', 'the first instant of .NET, told from the east'],
  ])('accepts %s (%s), as it is', (input) => {
    expect(DateTimeOffset.decode(input)).toMatchObject({ _tag: 'Right', right: input })
  })

  it.each([
    ['2024-06-30T12:00:00.12345678Z', 'eight digits'],
    ['2024-06-30T12:00:00.Z', 'no digit'],
    ['2023-02-29T12:00:00Z', 'no such day'],
    ['1900-02-29T12:00:00Z', 'no such day'],
    ['2024-04-31T12:00:00Z', 'no such day'],
    ['2024-06-30T12:00:00+14:01', 'offset too large'],
    ['2024-06-30T12:00:00+25:00', 'offset too large'],
    ['0000-06-30T12:00:00Z', 'year zero'],
    ['0000-12-31T23:00:00-14:00', 'year zero, in UTC year one'],
    ['0001-01-01T00:00:00+00:01', 'before the first instant of .NET'],
    ['9999-12-31T23:59:59-00:01', 'after the last instant of .NET'],
    ['9999-12-31T23:59:00-00:01', 'at the first instant after them'],
    ['2024-06-30 12:00:00Z', 'a blank for T'],
    ['2024-06-30T12:00:00Z\n', 'a line end behind it'],
    ['2024-06-15T12:00:00Z\n', 'a line end behind it, on a day that every month has'],
    ['12024-06-15T12:00:00Z', 'a year of five digits'],
    ['٢٠٢٤-06-30T12:00:00Z', 'digits that are not ASCII'],
  ])('refuses %j (%s)', (input) => {
    expect(DateTimeOffset.is(input)).toBe(false)
  })

  it('accepts the instants that Date prints, and gives them back byte for byte', () => {
    const instants = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(instants, (instant) => {
        const printed = instant.toISOString()

        expect(DateTimeOffset.decode(printed)).toMatchObject({ _tag: 'Right', right: printed })
      }),
    )
  })
})

describe('ODataDateTimeOffset, for receiving', () => {
  it.each([
    ['2024-06-30T12:00:00.123456789012Z', true],
    ['2024-06-30T12:00:00.1234567890123Z', false],
    ['2024-06-30T12:00:60+23:59', true],
    ['2024-06-30T12:00+24:00', false],
    ['12024-06-30t12:00z', true],
    ['02024-06-30T12:00Z', false],
    ['2024-06-30T12:00Z\n', false],
    ['2024-06-30T12:00Zulu', false],
  ])('takes up to twelve digits, a leap second, far offsets and longer years: %s: %s', (input, isTaken) => {
    expect(ODataDateTimeOffset.is(input)).toBe(isTaken)
  })

  it.each(vectors)('agrees with the ABNF of OData on $input', ({ abnf, input }) => {
    expect(ODataDateTimeOffset.is(input)).toBe(abnf)
  })
})

const dateOf = (text: string): DateTimeOffset => {
  if (!DateTimeOffset.is(text)) throw new Error(`${text} is no date`)
  return text
}

const ticksPerSecond = 10_000_000n
const secondsToUnixEpoch = 62_135_596_800n

const sendable = vectors.flatMap(
  (vector): ReadonlyArray<[string, NonNullable<Vector['instant']>]> =>
    DateTimeOffset.is(vector.input) && vector.instant !== undefined ? [[vector.input, vector.instant]] : [],
)

describe('the instant of a date', () => {
  it.each(sendable)('of %s is told in ticks of 100 ns, without loss', (input, { epochSeconds, fraction }) => {
    const seconds = BigInt(epochSeconds) + secondsToUnixEpoch

    expect(utcTicks(dateOf(input))).toBe(seconds * ticksPerSecond + BigInt(fraction.padEnd(7, '0')))
  })

  it.each([
    ['0001-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:00Z', 621_355_968_000_000_000n],
    ['2017-01-01T00:02:49.3205976-08:00', 636_188_545_693_205_976n],
    ['9999-12-31T23:59:59.9999999Z', 3_155_378_975_999_999_999n],
  ])('of %s is %d ticks, as .NET counts them', (input, ticks) => {
    expect(utcTicks(dateOf(input))).toBe(ticks)
  })

  it('in milliseconds is that of Date, which reads no more than three digits', () => {
    fc.assert(
      fc.property(dateTimeOffset(), (date) => {
        const forDate = date
          .replace(/(\.\d{3})\d+/, '$1')
          .replace(/\.(\d)(?=\D)/, '.$100')
          .replace(/\.(\d\d)(?=\D)/, '.$10')

        expect(epochMilliseconds(date)).toBe(Date.parse(forDate))
      }),
    )
  })

  it('before 1970 is cut off towards the past', () => {
    expect(epochMilliseconds(dateOf('1969-12-31T23:59:59.9999999Z'))).toBe(-1)
    expect(epochMilliseconds(dateOf('1969-12-31T23:59:59.9990000Z'))).toBe(-1)
    expect(epochMilliseconds(dateOf('1969-12-31T23:59:59.9989999Z'))).toBe(-2)
  })

  it.each([
    ['2024-06-30T12:00:00Z', 0],
    ['2024-06-30T12:00:00-00:00', 0],
    ['2024-06-30T12:00:00+05:45', 345],
    ['2024-06-30T12:00:00-08:00', -480],
    ['2024-06-30T12:00:00.1234567-14:00', -840],
  ])('of %s was told %d minutes ahead of UTC', (input, minutes) => {
    expect(offsetInMinutes(dateOf(input))).toBe(minutes)
  })

  it('is compared whatever the offset, and sorts with fp-ts', () => {
    const [early, alike, late] = [
      '2024-06-30T12:00:00.0000001+02:00',
      '2024-06-30T10:00:00.0000001Z',
      '2024-06-30T10:00:00.0000002Z',
    ].map(dateOf) as [DateTimeOffset, DateTimeOffset, DateTimeOffset]

    expect(instantOrd.compare(early, alike)).toBe(0)
    expect(instantOrd.equals(early, alike)).toBe(true)
    expect(instantOrd.compare(early, late)).toBe(-1)
    expect(instantOrd.compare(late, early)).toBe(1)
    expect(instantOrd.equals(late, early)).toBe(false)
    expect(sort(instantOrd)([late, early])).toEqual([early, late])
  })

  it('orders as ticks do', () => {
    fc.assert(
      fc.property(dateTimeOffset(), dateTimeOffset(), (a, b) => {
        const [ticksOfA, ticksOfB] = [utcTicks(a), utcTicks(b)]

        expect(instantOrd.compare(a, b) < 0).toBe(ticksOfA < ticksOfB)
        expect(instantOrd.equals(a, b)).toBe(ticksOfA === ticksOfB)
      }),
    )
  })
})

describe('a Date', () => {
  it('gives the same instant', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(dates, (date) => {
        const result = dateTimeOffsetFromDate(date)

        expect(result._tag === 'Right' && epochMilliseconds(result.right)).toBe(date.getTime())
      }),
    )
  })

  it.each([new Date(Number.NaN), new Date('+010000-01-01T00:00:00Z'), new Date('0000-12-31T23:59:59Z')])(
    'that is no instant of .NET is refused (%s)',
    (date) => {
      expect(dateTimeOffsetFromDate(date)._tag).toBe('Left')
    },
  )
})

describe('the date that never was', () => {
  it.each([
    '0001-01-01T00:00:00Z',
    '0001-01-01T00:00:00.0000000Z',
    '0001-01-01T00:00:00+00:00',
    '0001-01-01T14:00:00+14:00',
  ])('is %s', (date) => {
    expect(isNever(date)).toBe(true)
  })

  it.each(['0001-01-01T00:00:00.0000001Z', '1970-01-01T00:00:00Z', '0001-01-01', 'never', ''])('is not %j', (date) => {
    expect(isNever(date)).toBe(false)
  })
})

describe('dates that are drawn', () => {
  it('are those that the codecs take, and decode and encode to the very text', () => {
    fc.assert(
      fc.property(dateTimeOffset(), odataDateTimeOffset(), (sent, received) => {
        expect(DateTimeOffset.decode(sent)).toEqual({ _tag: 'Right', right: sent })
        expect(DateTimeOffset.encode(sent)).toBe(sent)
        expect(ODataDateTimeOffset.is(sent)).toBe(true)
        expect(ODataDateTimeOffset.decode(received)).toEqual({ _tag: 'Right', right: received })
      }),
    )
  })
})
