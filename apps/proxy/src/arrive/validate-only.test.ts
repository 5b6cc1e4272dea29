import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { aCreateRequest } from '../../test/a-request.js'
import { isValidateOnly } from './validate-only.js'

const asked = (...lines: ReadonlyArray<string>) => {
  const request = aCreateRequest()
  const prefer = lines.map((line) => ['prefer', line] as const)
  const validated = isValidateOnly({ ...request, headers: [...request.headers, ...prefer] })
  return E.isLeft(validated) ? validated.left._tag : validated.right
}

describe('a request that prefers to be validated only', () => {
  it.each([
    [['handling=validate-only']],
    [['Handling=Validate-Only']],
    [['handling="validate-only"']],
    [['handling="validate\\-only"']],
    [['handling = validate-only']],
    [['handling=validate-only; why=test']],
    [['handling=validate-only;']],
    [['return=representation, handling=validate-only']],
    [['return="a, b"; c, ,handling=validate-only,']],
    [['respond-async', 'handling=validate-only']],
    [['handling=validate-only, handling=strict']],
    [['handling=validate-only', 'handling=lenient']],
  ])('says so by %j', (lines) => {
    expect(asked(...lines)).toBe(true)
  })
})

describe('a request that does not', () => {
  it.each([
    [[]],
    [['']],
    [['handling=strict']],
    [['handling=lenient, return=minimal']],
    [['handling']],
    [['handling=""']],
    [['handling=fast']],
    [['odata.include-annotations="Org.OData.Validation.V1.*"']],
    [['this is; no "Prefer']],
  ])('is one to be made: %j', (lines) => {
    expect(asked(...lines)).toBe(false)
  })
})

describe('a request of which that is not certain', () => {
  it.each([
    ['another comes first, so that it is void', ['handling=strict, handling=validate-only']],
    ['another comes first, in a line of its own', ['handling=lenient', 'handling=validate-only']],
    ['an empty one comes first', ['handling, handling=validate-only']],
    ['a semicolon makes it a parameter of something else', ['return=minimal; handling=validate-only']],
    ['it is no value of handling', ['validate-only']],
    ['it is a value of something else', ['prefer=validate-only']],
    ['it is another value', ['handling=validateOnly']],
    ['it is a shorter value', ['handling=validate']],
    ['it is the noun', ['handling=validation-only']],
    ['it is a participle', ['return=minimal, Handling="Validating"']],
    ['it is two words', ['handling=validate only']],
    ['it has blanks in quotes', ['handling=" validate-only"']],
    ['its quotes do not end', ['handling="validate-only']],
    ['its quotes are single', ["handling='validate-only'"]],
    ['it has a colon', ['handling: validate-only']],
    ['it is JSON', ['{"handling":"validate-only"}']],
    ['it is quoted as a whole', ['"handling=validate-only"']],
    ['it is in quotes that another line ends', ['foo="', 'handling=validate-only"']],
    ['what comes after it is malformed', ['handling=validate-only, b@d']],
    ['what comes before it is malformed', ['b@d, handling=validate-only']],
    ['it has a hyphen that is none', ['handling=validate\u2011only']],
    ['it is escaped, and void', ['handling=strict, handling="v\\alidate-only"']],
  ])('is refused: %s', (_, lines) => {
    expect(asked(...lines)).toBe('RequestMalformed')
  })
})
