import { describe, expect, it } from 'vitest'
import { bounded, findingOfTimes } from './finding.js'
import { whatToDo } from './what-to-do.js'

describe('a check', () => {
  it('that gives no answer has failed when its time is over', async () => {
    expect(await bounded({ name: 'graph', look: () => new Promise(() => undefined) }, 1)).toEqual([
      { check: 'graph', result: 'fail', what: 'no answer within 0.001 seconds' },
    ])
  })

  it.each([
    [
      'throws',
      () => {
        throw Object.assign(new Error('s3cret'), { code: 'EIO' })
      },
    ],
    ['rejects', () => Promise.reject(Object.assign(new Error('s3cret'), { code: 'EIO' }))],
  ])('that %s has failed, and what was thrown is told without its message', async (_, look) => {
    expect(await bounded({ name: 'graph', look })).toEqual([
      { check: 'graph', result: 'fail', what: 'it could not be looked at: Error EIO' },
    ])
  })
})

describe('a certificate', () => {
  const now = new Date('2026-11-27T12:00:00Z')
  const times = (notBefore: string, notAfter: string) => ({
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
  })

  it.each([
    ['2026-01-01', '2027-01-01', 'ok', 'valid until 2027-01-01T00:00Z'],
    ['2026-01-01', '2026-12-11T12:00:00Z', 'ok', 'valid until 2026-12-11T12:00Z'],
    ['2026-01-01', '2026-12-11T11:59:59Z', 'warn', 'valid until 2026-12-11T11:59Z'],
    ['2026-01-01', '2026-11-27T11:59:00Z', 'fail', 'no longer valid (valid until 2026-11-27T11:59Z)'],
    ['2026-11-27T12:01:00Z', '2027-01-01', 'fail', 'not valid before 2026-11-27T12:01:00.000Z'],
  ])('from %s to %s: %s', (notBefore, notAfter, result, until) => {
    expect(findingOfTimes('tlsFiles', 'x', times(notBefore, notAfter), now)).toMatchObject({ result, until })
  })
})

describe('what to do', () => {
  it.each([
    ['fetch failed (getaddrinfo ENOTFOUND login.example)', /resolve/],
    ['TypeError: ConnectTimeoutError UND_ERR_CONNECT_TIMEOUT', /HTTPS_PROXY if/],
    ['fetch failed (the proxy: connect ECONNREFUSED 127.0.0.1:1)', /what HTTPS_PROXY points to/],
    ['Error SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS/],
    ['invalid_client AADSTS7000222 (trace x)', /has not expired/],
    ['unauthorized_client AADSTS700016', /AZURE_CLIENT_ID/],
    ['invalid_request AADSTS90002', /AZURE_TENANT_ID/],
    ['invalid_client AADSTS700027', /registered/],
    ['invalid_client AADSTS700213', /federated/],
    ['the token file cannot be read: Error ENOENT', /file is there/],
  ])('after %s is said', (words, toDo) => {
    expect(whatToDo(words)).toEqual({ toDo: expect.stringMatching(toDo) })
  })

  it('is not said where nobody knows', () => {
    expect(whatToDo('something else')).toEqual({})
  })
})
