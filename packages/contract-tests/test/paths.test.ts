import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bookPath, userPath } from './a-create.js'
import { type Exchange, exchangeToTheLetter } from './support/exchange.js'
import { expectRefused } from './support/expect-refused.js'
import { startSystem, type System } from './support/start-system.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

// Each comes with a good token and a good body, so the path alone is to blame.
const sentTo = (target: string): Promise<Exchange> =>
  exchangeToTheLetter(system, target, { Authorization: `Bearer ${system.token}` })

describe('a path that is spelled otherwise', () => {
  it.each([
    ['another case', bookPath.replace('deviceStates', 'DeviceStates')],
    ['another case of the version', bookPath.replace('/beta', '/BETA')],
    ['two slashes at its start', `/${bookPath}`],
    ['two slashes within', bookPath.replace('/deviceStates', '//deviceStates')],
    ['two slashes at its end', `${bookPath}//`],
    ['no id', bookPath.replace('/B1/', '//')],
    ['no version', bookPath.replace('/beta', '')],
    ['a version that Graph lacks', bookPath.replace('/beta', '/v2.0')],
    ['an encoded letter', bookPath.replace('deviceStates', '%64eviceStates')],
    ['a key in parentheses', bookPath.replace('/B1', "('B1')")],
    ['more behind it', `${bookPath}/$count`],
    ['a batch', '/beta/$batch'],
  ])('(%s) is answered 404', async (_, target) => {
    expectRefused(await sentTo(target), 404, 'routeNotFound')
  })
})

describe.each([
  ['a book', (id: string) => bookPath.replace('B1', id)],
  ['a summary of a user', (id: string) => userPath.replace('S1', id)],
])('the id of %s', (_, pathWith) => {
  it.each([
    '..',
    '.',
    '%2e%2e',
    '.%2e',
    '%2E.',
    '%2E',
    '%252f',
    '%25%32%66',
    '%5c',
    '\\',
    '..\\..\\users',
    'B1#',
    'B1%23',
    'B1%3f$select=id',
    'B1%00',
    'B1%0d%0aX-Evil:1',
    'B1;a=b',
    'a..b',
    'B'.repeat(129),
  ])('is answered 400 when it is %s', async (id) => {
    expectRefused(await sentTo(pathWith(id)), 400, 'malformedPathId')
  })

  it.each(['B', '0', 'a.b', 'a_b-c', 'B'.repeat(128)])('goes through when it is %s', async (id) => {
    const { answer, arrivals } = await sentTo(pathWith(id))

    expect(answer.status).toBe(201)
    expect(arrivals).toMatchObject([{ path: pathWith(id) }])
  })
})

describe('a query', () => {
  it.each(['?', '?$select=id', '?a[__proto__]=1', '?/../..'])('(%s) is answered 400', async (query) => {
    expectRefused(await sentTo(`${bookPath}${query}`), 400, 'malformedRequest')
  })
})

describe('a whole URL', () => {
  it('as request target is answered 400', async () => {
    expectRefused(await sentTo(`${system.graphUrl}${bookPath}`), 400, 'malformedRequest')
  })
})
