import { documentedExample } from '@device-install-state/model/fields'
import { createManagedEBookDeviceState } from '@device-install-state/model/operations'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBody } from './decode-request.js'

const { body: codec } = createManagedEBookDeviceState

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const example = (change: object = {}): string => JSON.stringify({ ...JSON.parse(documentedExample.request), ...change })

const errorOf = (body: string | Uint8Array) => {
  const decoded = decodeBody(codec, typeof body === 'string' ? bytes(body) : body)
  return decoded._tag === 'Left' ? decoded.left : undefined
}

describe('a body', () => {
  it('is decoded from the bytes of the documented example', () => {
    expect(decodeBody(codec, bytes(documentedExample.request))).toEqual({
      _tag: 'Right',
      right: JSON.parse(documentedExample.request),
    })
  })

  it.each([
    ['', 'it is empty', undefined],
    ['{', 'a syntax error', 1],
    [`${example()}x`, 'a syntax error', example().length],
    ['{"a":1,}', 'a syntax error', 7],
    ['{"ä":1,}', 'a syntax error', 8],
    ["{'a':1}", 'a syntax error', 1],
    ['NaN', 'a syntax error', 0],
    ['/* x */ {}', 'a syntax error', 0],
    [`\uFEFF${example()}`, 'a byte order mark', 0],
    ['['.repeat(16_000), 'a syntax error', 16_000],
    ['['.repeat(5_000) + ']'.repeat(5_000), 'it is nested deeper than 16 levels', undefined],
    ['{"deviceName":"\\ud800"}', 'half of a surrogate pair, which stands for no character', undefined],
  ])('that is no strict JSON (%.20s) is malformed', (body, what, offset) => {
    expect(errorOf(body)).toEqual({ _tag: 'JsonMalformed', what, offset })
  })

  it.each([
    [[0xff], 0],
    [[0x22, 0xc0, 0xaf, 0x22], 1],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 1],
    [[0x22, 0xc3, 0xa9, 0xef, 0xbf, 0xbd, 0xc3, 0x22], 6],
    [[0x22, 0xf0, 0x9f, 0x98], 1],
    [[0x22, 0xef, 0xbf], 3],
  ])('that is no UTF-8 (%j) is malformed, from byte %i', (invalid, offset) => {
    expect(errorOf(Uint8Array.from(invalid))).toEqual({ _tag: 'JsonMalformed', what: 'it is not UTF-8', offset })
  })

  it('may not have a property twice', () => {
    const body = example().replace('{', '{"installState":"failed",')

    expect(errorOf(body)).toEqual({
      _tag: 'BodyInvalid',
      problems: [{ pointer: '/installState', code: 'duplicate', expected: 'each property once', received: 'string' }],
    })
  })

  it('may have strings of 4,096 UTF-16 code units and no longer', () => {
    expect(errorOf(example({ deviceName: 'x'.repeat(4096) }))).toBeUndefined()
    expect(errorOf(example({ deviceName: 'x'.repeat(4097), id: 'y'.repeat(4097) }))).toMatchObject({
      problems: [
        { pointer: '/deviceName', code: 'length' },
        { pointer: '/id', code: 'length' },
      ],
    })
  })

  it('is told what is too long together with what is wrong otherwise, and each place once', () => {
    const long = 'x'.repeat(4097)

    expect(errorOf(example({ deviceName: long, installState: long, osVersion: 1, other: long }))).toMatchObject({
      problems: [
        { pointer: '/installState', code: 'enum' },
        { pointer: '/osVersion', code: 'type' },
        { pointer: '/other', code: 'extra' },
        { pointer: '/deviceName', code: 'length' },
      ],
    })
  })

  it('of any bytes gives a value or an error, and throws nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes), fc.string().map(bytes)), (body) => {
        expect(['Left', 'Right']).toContain(decodeBody(codec, body)._tag)
      }),
    )
  })
})
