import { describe, expect, it } from 'vitest'
import { anEntraIssuer } from '../../test/a-trusted-issuer.js'
import { isKeyOf } from './trusted-issuer.js'

describe('a key may sign for a tenant', () => {
  it.each([
    [undefined, true],
    ['https://login.example/{tenantid}/v2.0', true],
    ['https://login.example/t1/v2.0', true],
    ['https://login.example/t2/v2.0', false],
    ['https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', false],
    ['https://evil.example/{tenantid}/v2.0', false],
    ['https://login.example/{tenantid}/v2.0/', false],
    ['{tenantid}', false],
    ['', false],
    [null, false],
    [['https://login.example/{tenantid}/v2.0'], false],
  ])('if it says that it is for %j: %s', (keyIssuer, expected) => {
    expect(isKeyOf(anEntraIssuer, keyIssuer)).toBe(expected)
  })

  it('and for another provider whatever it says', () => {
    expect(isKeyOf({ kind: 'openid', issuer: 'i', discovery: 'i' }, 'anything')).toBe(true)
  })
})
