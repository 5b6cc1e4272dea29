import { describe, expect, it } from 'vitest'
import { whatToDo, whatToDoForLedger } from './what-to-do.js'

describe('what to do about a ledger', () => {
  it.each([
    ['password authentication failed for user "audit"', 'user and password'],
    ['database "audit" does not exist', 'make the database'],
    ['role "audit" does not exist', 'user and password'],
    ['the server is a standby, and takes no writes', 'the primary'],
    ['cannot execute INSERT in a read-only transaction', 'the primary'],
    ['EACCES: permission denied, stat', 'belongs to the user'],
    ['disk I/O error', 'has room'],
    ['getaddrinfo ENOTFOUND db.example', 'can resolve it'],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'the server runs'],
    ['self-signed certificate', 'sslmode'],
  ])('that says “%s” is said', (words, toDo) => {
    expect(whatToDoForLedger(words).toDo).toContain(toDo)
  })

  it('that says something else is left to the words themselves', () => {
    expect(whatToDoForLedger('a record is not what was written')).toEqual({})
  })
})

describe('what to do about the way to somebody', () => {
  it('is no advice about a database', () => {
    expect(whatToDo('connect ECONNREFUSED 127.0.0.1:443').toDo).toContain('HTTPS_PROXY')
  })
})
