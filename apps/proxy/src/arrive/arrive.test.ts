import { describe, expect, it } from 'vitest'
import { aCreateRequest, bookPath, withHeader } from '../../test/a-request.js'
import { arrive } from './arrive.js'

const arriveOpen = arrive({ graphVersions: ['v1.0', 'beta'], isDraining: () => false })

const errorOf = (request = aCreateRequest()) => {
  const arrived = arriveOpen(request)
  return arrived._tag === 'Left' ? arrived.left._tag : undefined
}

describe('a request for one of the routes', () => {
  it('arrives with its route', () => {
    expect(arriveOpen(aCreateRequest())).toMatchObject({ _tag: 'Right', right: { route: { path: bookPath } } })
  })

  it.each(['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON; charset="utf-8"'])(
    'may say %s',
    (type) => {
      expect(errorOf(withHeader(aCreateRequest(), 'content-type', type))).toBeUndefined()
    },
  )

  it.each([
    undefined,
    'text/plain',
    'application/vnd.api+json',
    'x-application/json',
    'application/json, text/plain',
    'application/json;\t',
    'application/json; charset=latin1',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('may not say %j', (type) => {
    expect(errorOf(withHeader(aCreateRequest(), 'content-type', type))).toBe('MediaTypeUnsupported')
  })

  it('may not be compressed', () => {
    expect(errorOf(withHeader(aCreateRequest(), 'content-encoding', 'gzip'))).toBe('MediaTypeUnsupported')
  })

  it('may have a body of 32 KiB and no more', () => {
    expect(errorOf(withHeader(aCreateRequest(), 'content-length', '32768'))).toBeUndefined()
    expect(errorOf(withHeader(aCreateRequest(), 'content-length', '32769'))).toBe('BodyTooLarge')
  })

  it.each([
    'host',
    'authorization',
    'content-type',
    'content-length',
    'content-encoding',
    'transfer-encoding',
    'expect',
    'client-request-id',
    'idempotency-key',
  ])('may not have the header %s twice', (name) => {
    const request = aCreateRequest()
    const twice = { ...request, headers: [...request.headers, [name, 'x'], [name, 'y']] as const }

    expect(errorOf(twice)).toBe('HeaderDuplicated')
  })

  it('may have X-Forwarded-For as often as there are proxies', () => {
    const request = aCreateRequest()
    const lines = ['203.0.113.7', '10.0.0.1'].map((value) => ['x-forwarded-for', value] as const)

    expect(errorOf({ ...request, headers: [...request.headers, ...lines] })).toBeUndefined()
  })

  it('may have 64 headers and no more', () => {
    const request = aCreateRequest()
    const more = Array.from({ length: 60 }, (_, index) => [`x-${String(index)}`, ''] as const)

    expect(errorOf({ ...request, headers: [...request.headers, ...more] })).toBeUndefined()
    expect(errorOf({ ...request, headers: [...request.headers, ...more, ['x', '']] })).toBe('HeadersTooLarge')
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'OPTIONS'])('may not be a %s', (method) => {
    expect(errorOf(aCreateRequest({ method }))).toBe('MethodNotAllowed')
  })

  it.each(['?', '?$select=id', '?a[__proto__]=1', '?access_token=x', '/?x'])('may not have the query %s', (query) => {
    expect(errorOf(aCreateRequest({ target: `${bookPath}${query}` }))).toBe('RequestMalformed')
  })

  it('may not expect anything but 100-continue, nor be coded in another way than chunked', () => {
    expect(errorOf(withHeader(aCreateRequest(), 'expect', '100-Continue'))).toBeUndefined()
    expect(errorOf(withHeader(aCreateRequest(), 'expect', '200-ok'))).toBe('ExpectationFailed')
    expect(errorOf(withHeader(aCreateRequest(), 'transfer-encoding', 'chunked'))).toBeUndefined()
    expect(errorOf(withHeader(aCreateRequest(), 'transfer-encoding', 'gzip, chunked'))).toBe('RequestMalformed')
    expect(errorOf(withHeader(aCreateRequest(), 'transfer-encoding', ' Chunked '))).toBeUndefined()
    expect(errorOf(withHeader(aCreateRequest(), 'expect', ' 100-continue '))).toBeUndefined()
  })

  it.each(['1.0', '0.9', '2.0'])('may not be of HTTP/%s', (httpVersion) => {
    expect(errorOf(aCreateRequest({ httpVersion }))).toBe('RequestMalformed')
  })

  it.each(['localhost', 'gateway_1.corp:8443', 'localhost:', '10.0.0.1:80', '[::1]', '[fd00::a]:65535'])(
    'may be for the host %s',
    (host) => {
      expect(errorOf(withHeader(aCreateRequest(), 'host', host))).toBeUndefined()
    },
  )

  it.each([
    undefined,
    '',
    'a b',
    '@localhost',
    'user@localhost',
    'localhost/x',
    'localhost,evil',
    'localhost:x',
    'localhost:123456',
    '[::1',
    '[]',
    '[g]',
    '[::1]x',
  ])('may not be for the host %j', (host) => {
    expect(errorOf(withHeader(aCreateRequest(), 'host', host))).toBe('RequestMalformed')
  })

  it('brings its key and its wish to be validated alone, and neither if it has none', () => {
    const plain = arriveOpen(aCreateRequest())
    const asked = arriveOpen(
      withHeader(withHeader(aCreateRequest(), 'idempotency-key', '"k1"'), 'prefer', 'handling=validate-only'),
    )

    expect(plain._tag === 'Right' && Object.keys(plain.right)).toEqual(['request', 'route'])
    expect(asked).toMatchObject({ right: { isValidateOnly: true, idempotencyKey: expect.anything() } })
  })

  it('is turned away while the process drains', () => {
    expect(arrive({ graphVersions: ['beta'], isDraining: () => true })(aCreateRequest())).toMatchObject({
      left: { _tag: 'Draining' },
    })
  })
})

describe('a request target', () => {
  it.each([
    [`http://169.254.169.254${bookPath}`, 'RequestMalformed'],
    [`https://localhost${bookPath}`, 'RequestMalformed'],
    ['*', 'RouteNotFound'],
    ['localhost:443', 'RequestMalformed'],
    ['/readyz', 'RouteNotFound'],
    [`/readyz/..${bookPath}`, 'RouteNotFound'],
    [bookPath.replace('beta', 'v2.0'), 'RouteNotFound'],
    [bookPath.replace('B1', '..'), 'PathIdMalformed'],
    [bookPath.replace('B1', '%2e%2e'), 'PathIdMalformed'],
    [bookPath.replace('B1', 'a%3f$select=id'), 'PathIdMalformed'],
    [bookPath.replace('B1', 'a%0d%0aX-Evil:1'), 'PathIdMalformed'],
    [bookPath.replace('B1', 'a'.repeat(8000)), 'PathIdMalformed'],
    [bookPath.replace('B1', 'a'.repeat(8192)), 'TargetTooLong'],
    [`/${'a'.repeat(8191)}`, 'RouteNotFound'],
    [`/${'a'.repeat(8192)}`, 'TargetTooLong'],
    [`${bookPath}#x`, 'RouteNotFound'],
  ])('%s is refused as %s', (target, error) => {
    expect(errorOf(aCreateRequest({ target }))).toBe(error)
  })
})
