import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DateTimeOffset, ODataDateTimeOffset } from './index.js'

interface Vector {
  readonly input: string
  readonly abnf: boolean
  readonly graphOpenApiPattern: boolean
  readonly calendarValid: boolean | null
  readonly dotnetExpected: boolean | null
}

const { nonStringVectors, vectors } = JSON.parse(
  readFileSync(new URL('../test/vectors/date-time-offset.json', import.meta.url), 'utf8'),
) as { readonly vectors: ReadonlyArray<Vector>; readonly nonStringVectors: ReadonlyArray<{ readonly json: unknown }> }

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
    ['0001-01-01T00:00:00+00:01', 'before the first instant of .NET'],
    ['9999-12-31T23:59:59-00:01', 'after the last instant of .NET'],
    ['2024-06-30 12:00:00Z', 'a blank for T'],
    ['2024-06-30T12:00:00Z\n', 'a line end behind it'],
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
  it.each(vectors)('agrees with the ABNF of OData on $input', ({ abnf, input }) => {
    expect(ODataDateTimeOffset.is(input)).toBe(abnf)
  })
})
