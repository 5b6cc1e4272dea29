import { hash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { entryOf, genesisOf, readEntry } from './entry-chain.js'

const sha256 = (text: string): string => hash('sha256', text, 'base64')
const head = genesisOf(sha256, 'a ledger')
const seat = { stream: 7, writer: uuidv7() }
const entry = entryOf({ ...head, sequence: 41 }, seat, '{"kind":"refusal"}')

describe('an entry', () => {
  it('is JSON whose parts are read as they were put together', () => {
    expect(readEntry(entry)).toEqual({ previous: head.hash, record: '{"kind":"refusal"}', sequence: 42, ...seat })
    expect(JSON.parse(entry)).toEqual({ ...readEntry(entry), record: { kind: 'refusal' } })
  })

  it.each([
    ['does not begin as one', entry.replace('previous', 'Previous')],
    ['has another member before its record', entry.replace(',"record":', ',"other":1,"record":')],
    ['has a hash of another length', entry.replace(head.hash, head.hash.slice(1))],
    ['has no writer', entry.replace(seat.writer, '')],
    ['has a sequence that is no number', entry.replace('"sequence":42', '"sequence":-1')],
    ['has something after its end', `${entry} `],
  ])('is none when it %s', (_what, text) => {
    expect(readEntry(text)).toBeUndefined()
  })
})
