import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Checkpoint, checkpointBody, readCheckpoint } from './checkpoint-body.js'

const line = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 30 })
  .map((text) => text.replaceAll(/[^ -\uffff]/g, ' ').toWellFormed())

const checkpoint: fc.Arbitrary<Checkpoint> = fc.record({
  origin: line,
  size: fc.maxSafeNat(),
  head: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  extensions: fc.array(line, { maxLength: 3 }),
})

const some: Checkpoint = { origin: 'ledger.example/a', size: 20_852_163, head: new Uint8Array(32), extensions: [] }
const zeroes = `${'A'.repeat(43)}=`

describe('a checkpoint', () => {
  it('is printed as three lines, and read as it was printed', () => {
    expect(checkpointBody({ origin: some.origin, size: some.size, head: some.head })).toEqual(
      E.right(`ledger.example/a\n20852163\n${zeroes}\n`),
    )
    fc.assert(
      fc.property(checkpoint, (value) => {
        const read = E.chain(readCheckpoint)(checkpointBody(value))
        expect(E.map((found: Checkpoint) => ({ ...found, head: Uint8Array.from(found.head) }))(read)).toEqual(
          E.right(value),
        )
      }),
    )
  })

  it('has one text: what is read prints as the same again', () => {
    const almost = fc
      .tuple(line, fc.constantFrom('0', '00', '7', '07', '+7', '7 ', '1e3', '0x1', '-0', '٣'), fc.base64String())
      .map(([origin, size, head]) => `${origin}\n${size}\n${head.length % 2 === 0 ? head : zeroes}\n`)
    fc.assert(
      fc.property(almost, (body) => {
        const printed = E.chain(checkpointBody)(readCheckpoint(body))
        expect(E.isLeft(printed) || printed.right === body).toBe(true)
      }),
    )
  })

  it('keeps lines that it does not know', () => {
    expect(readCheckpoint(`o\n0\n${zeroes}\nwriter a\nand more\n`)).toMatchObject({
      right: { extensions: ['writer a', 'and more'] },
    })
  })

  it.each([
    ['nothing', ''],
    ['two lines', 'o\n0\n'],
    ['no newline at the end', `o\n0\n${zeroes}`],
    ['an empty origin', `\n0\n${zeroes}\n`],
    ['an empty extension', `o\n0\n${zeroes}\n\n`],
    ['a leading zero', `o\n01\n${zeroes}\n`],
    ['a sign', `o\n-1\n${zeroes}\n`],
    ['a size that a number cannot hold', `o\n9007199254740992\n${zeroes}\n`],
    ['a size of a hundred digits', `o\n${'9'.repeat(100)}\n${zeroes}\n`],
    ['a head that is too short', `o\n0\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a head with spare bits', `o\n0\n${'A'.repeat(42)}B=\n`],
    ['a head without padding', `o\n0\n${'A'.repeat(43)}\n`],
    ['a carriage return', `o\r\n0\n${zeroes}\n`],
  ])('is not read from %s', (_, body) => {
    expect(readCheckpoint(body)).toMatchObject({ left: { _tag: 'NotACheckpoint' } })
  })

  it.each([
    ['no origin', { origin: '' }],
    ['an origin of two lines', { origin: 'a\nb' }],
    ['half a surrogate pair', { origin: '\ud800' }],
    ['a negative size', { size: -1 }],
    ['half a record', { size: 0.5 }],
    ['no number', { size: Number.NaN }],
    ['too large a size', { size: 2 ** 53 }],
    ['a short head', { head: new Uint8Array(31) }],
    ['an empty extension', { extensions: [''] }],
    ['an extension of two lines', { extensions: ['a\nb'] }],
  ])('is not printed with %s', (_, change) => {
    expect(checkpointBody({ ...some, ...change })).toMatchObject({ left: { _tag: 'NotACheckpoint' } })
  })
})
