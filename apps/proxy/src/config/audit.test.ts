import { describe, expect, it } from 'vitest'
import { configOf, good, problemsIn } from '../../test/an-environment.js'

const database = 'postgres://audit:hunter2@db.example/audit?sslmode=verify-full'
const keys = { AUDIT_DIGEST_KEY_FILE: '/k/digest', AUDIT_SIGNING_KEY_FILE: '/k/signing' }
const variablesIn = (change: Parameters<typeof problemsIn>[0]) =>
  problemsIn({ ...good, ...change }).map(({ variable }) => variable)

describe('the audit ledger', () => {
  it('is in a folder, or in a database, and never in both or in none', () => {
    expect(configOf().audit.store).toEqual({ kind: 'sqlite', directory: '/var/lib/audit' })
    expect(configOf({ ...keys, AUDIT_DIRECTORY: undefined, AUDIT_DATABASE_URL: database }).audit.store).toEqual({
      kind: 'postgres',
      url: database,
    })
    expect(variablesIn({ ...keys, AUDIT_DATABASE_URL: database })).toEqual(['AUDIT_DIRECTORY'])
    expect(variablesIn({ AUDIT_DIRECTORY: undefined })).toEqual(['AUDIT_DIRECTORY'])
  })

  it('has its keys given where replicas must share them', () => {
    expect(variablesIn({ AUDIT_DIRECTORY: undefined, AUDIT_DATABASE_URL: database })).toEqual(Object.keys(keys))
  })

  it.each(['mysql://a@b/c', 'postgres://host/db', 'postgres://user@host', 'postgres://user@host/', 'nonsense'])(
    'is not in %s, whose words are not told',
    (url) => {
      const problems = problemsIn({ ...good, ...keys, AUDIT_DIRECTORY: undefined, AUDIT_DATABASE_URL: url })

      expect(problems.map(({ variable }) => variable)).toContain('AUDIT_DATABASE_URL')
      expect(JSON.stringify(problems)).not.toContain(url)
    },
  )

  it('keeps records for ever, unless it is told for how many days', () => {
    expect(configOf().audit.retentionInMs).toBeUndefined()
    expect(configOf({ AUDIT_RETENTION_DAYS: '2' }).audit.retentionInMs).toBe(172_800_000)
    expect(variablesIn({ AUDIT_RETENTION_DAYS: '1' })).toEqual(['AUDIT_RETENTION_DAYS'])
  })
})
