import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphVersions, matchRoute, operations } from './index.js'

const book = '/deviceAppManagement/managedEBooks/B1/deviceStates'
const user = '/deviceAppManagement/managedEBooks/B1/userStateSummary/S1/deviceStates'
const both = graphVersions

describe('a path', () => {
  it.each(graphVersions)('of %s leads to either operation, with or without a slash at its end', (version) => {
    for (const slash of ['', '/']) {
      expect(matchRoute(both, `/${version}${book}${slash}`)).toEqual({
        _tag: 'Matched',
        route: {
          operation: 'createManagedEBookDeviceState',
          version,
          ids: { managedEBookId: 'B1' },
          path: `/${version}${book}`,
        },
      })
      expect(matchRoute(both, `/${version}${user}${slash}`)).toEqual({
        _tag: 'Matched',
        route: {
          operation: 'createUserStateSummaryDeviceState',
          version,
          ids: { managedEBookId: 'B1', userInstallStateSummaryId: 'S1' },
          path: `/${version}${user}`,
        },
      })
    }
  })

  it('of a version that is switched off leads nowhere', () => {
    expect(matchRoute(['beta'], `/v1.0${book}`)._tag).toBe('NoSuchRoute')
  })

  it.each([
    ['no version', book],
    ['another version', `/v2.0${book}`],
    ['a version with another sign for the dot', `/v1x0${book}`],
    ['other case', `/beta${book.toUpperCase()}`],
    ['an encoded literal', '/beta/deviceAppManagement/managedEBooks/B1/%64eviceStates'],
    ['an empty segment', `/beta/${book}`],
    ['two slashes at its end', `/beta${book}//`],
    ['an empty id', '/beta/deviceAppManagement/managedEBooks//deviceStates'],
    ['an OData key in parentheses', "/beta/deviceAppManagement/managedEBooks('B1')/deviceStates"],
    ['a further segment', `/beta${book}/$count`],
    ['a line end behind it', `/beta${book}\n`],
    ['a summary without book', '/beta/deviceAppManagement/userStateSummary/S1/deviceStates'],
    ['an unknown third segment', '/beta/deviceAppManagement/managedEBooks/B1/assignments/S1/deviceStates'],
  ])('with %s leads nowhere', (_, path) => {
    expect(matchRoute(both, path)._tag).toBe('NoSuchRoute')
  })

  it.each([
    '..',
    '.',
    '%2e%2e',
    '.%2e',
    '%252f',
    '%5c',
    '\\',
    'a..b',
    'a;b',
    '{a}',
    '_a',
    '-a',
    'ä',
    'a b',
    'a\nb',
    'a'.repeat(129),
  ])('with the id %j names the id that is malformed', (id) => {
    expect(matchRoute(both, `/beta/deviceAppManagement/managedEBooks/${id}/deviceStates`)).toEqual({
      _tag: 'MalformedIds',
      operation: 'createManagedEBookDeviceState',
      names: ['managedEBookId'],
    })
    expect(
      matchRoute(both, `/beta/deviceAppManagement/managedEBooks/${id}/userStateSummary/${id}/deviceStates`),
    ).toEqual({
      _tag: 'MalformedIds',
      operation: 'createUserStateSummaryDeviceState',
      names: ['managedEBookId', 'userInstallStateSummaryId'],
    })
  })

  it('with any id is refused, or printed as it stood', () => {
    const ids = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z0-9_.%\\-]{1,130}$/))
    fc.assert(
      fc.property(fc.constantFrom(...both), ids, (version, id) => {
        const path = `/${version}/deviceAppManagement/managedEBooks/${id}/deviceStates`
        const match = matchRoute(both, path)

        if (match._tag === 'Matched' && match.route.operation === 'createManagedEBookDeviceState') {
          expect(match.route.path).toBe(path)
        }
      }),
    )
  })

  it('that is printed from ids leads back to them', () => {
    const ids = fc.stringMatching(/^[A-Za-z0-9](\.?[A-Za-z0-9_-]){0,63}$/)
    fc.assert(
      fc.property(
        fc.constantFrom(...both),
        fc.constantFrom(...operations),
        ids,
        ids,
        (version, operation, first, second) => {
          const path = `/${version}${operation.template}`
            .replace('{managedEBookId}', first)
            .replace('{userInstallStateSummaryId}', second)

          expect(matchRoute(both, path)).toMatchObject({
            _tag: 'Matched',
            route: { operation: operation.name, version, path },
          })
        },
      ),
    )
  })
})
