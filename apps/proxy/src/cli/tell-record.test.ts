import { describe, expect, it } from 'vitest'
import { tellRecord } from './tell-record.js'

const of = { auditId: '01900000-0000-7000-8000-000000000001', at: '2026-11-23T12:00:00.000Z' }
const refusal = { ...of, kind: 'refusal', method: 'POST', peer: '127.0.0.1' } as const

describe('a record, told in a line', () => {
  it('says that nobody was there to be told', () => {
    expect(tellRecord({ ...of, kind: 'outcome', outcome: 'applied', clientGone: true })).toMatch(
      / applied, its client was gone by then$/,
    )
  })

  it('says that the caller’s own id was none', () => {
    expect(tellRecord({ ...refusal, code: 'tokenMissing', status: 401, callerRequestIdIgnored: true })).toMatch(
      / refused with 401 tokenMissing, from 127\.0\.0\.1, its request id is no GUID$/,
    )
  })

  it('says how much was read of a body that was too large', () => {
    expect(tellRecord({ ...refusal, code: 'bodyTooLarge', status: 413, bodyBytesRead: 49_152 })).toContain(
      ', 49152 bytes of its body were read',
    )
  })
})
