import { messageOfProblem, type Problem } from '@device-install-state/model'
import type { Interaction, Owed } from '../contract/interaction.js'
import type { HttpAnswer } from '../exchange/http-exchange.js'
import { breaking, compatible, type Finding } from '../report/finding.js'
import { shownAs } from '../report/shown-of.js'
import { readError, shownCode } from './find-in-error.js'
import { memberOf } from './json-of.js'
import type { Side } from './subject.js'

type Refused = Exclude<Owed, { readonly _tag: 'Created' }>

/** How a refusal is told: by which status, and which code. */
interface Told {
  readonly statuses: ReadonlyArray<number>
  readonly codes: ReadonlyArray<string>
}

const byGateway = (owed: Refused): Told => {
  switch (owed._tag) {
    case 'BodyRefused':
      return { statuses: [400], codes: ['bodyInvalid'] }
    case 'BodyUnreadable':
      return { statuses: [400], codes: ['malformedJson'] }
    case 'MediaTypeRefused':
      return { statuses: [415], codes: ['unsupportedMediaType'] }
    case 'CallerRefused':
      return { statuses: [401], codes: ['tokenMissing', 'tokenInvalid'] }
    case 'RouteRefused':
      return {
        method: { statuses: [405], codes: ['methodNotAllowed'] },
        path: { statuses: [404], codes: ['routeNotFound'] },
        id: { statuses: [400], codes: ['malformedPathId'] },
        query: { statuses: [400], codes: ['malformedRequest'] },
      }[owed.why]
  }
}

const byGraph = (owed: Refused): Told => {
  switch (owed._tag) {
    case 'BodyRefused':
    case 'BodyUnreadable':
    case 'MediaTypeRefused':
      return { statuses: [400], codes: ['ModelValidationFailure', 'BadRequest'] }
    case 'CallerRefused':
      return { statuses: [401], codes: ['InvalidAuthenticationToken'] }
    case 'RouteRefused':
      return {
        statuses: [400, 404, 405],
        codes: ['BadRequest', 'ResourceNotFound', 'MethodNotAllowed', 'No method match route template'],
      }
  }
}

const either = (words: ReadonlyArray<number | string>): string => words.map(String).join(' or ')

/** Where a body that was taken should have been refused: that is the place to look at, rather than the status. */
const placesOf = (owed: Refused): ReadonlyArray<Pick<Problem, 'pointer'> & { readonly expected: string }> => {
  switch (owed._tag) {
    case 'BodyRefused':
      return owed.problems.map((problem) => ({
        pointer: `/request/body${problem.pointer}`,
        expected: `a refusal: ${messageOfProblem(problem)}`,
      }))
    case 'BodyUnreadable':
      return [{ pointer: '/request/body', expected: 'a refusal: it is no JSON' }]
    case 'MediaTypeRefused':
      return [{ pointer: '/request/headers/content-type', expected: 'a refusal: it is not application/json' }]
    case 'CallerRefused':
      return [
        { pointer: '/request/headers/authorization', expected: 'a refusal: there is no token that could be taken' },
      ]
    case 'RouteRefused':
      return [
        owed.why === 'method'
          ? { pointer: '/request/method', expected: 'a refusal: only POST is there' }
          : { pointer: '/request/path', expected: 'a refusal: it leads to neither of the two routes' },
      ]
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** Graph's metadata requires no property, though its page does. */
const mayBeTaken = (side: Side, owed: Refused): boolean =>
  side === 'graph' && owed._tag === 'BodyRefused' && owed.problems.every(({ code }) => code === 'missing')

const findInDetails = (details: unknown, problems: ReadonlyArray<Problem>): ReadonlyArray<Finding> => {
  const told = (Array.isArray(details) ? details : []).map((detail: unknown) => ({
    pointer: memberOf(detail, 'target'),
    code: memberOf(detail, 'code'),
  }))
  const missing = problems.filter(
    ({ code, pointer }) => !told.some((one) => one.pointer === pointer && one.code === code),
  )
  const added = told.filter(
    (one) => !problems.some(({ code, pointer }) => one.pointer === pointer && one.code === code),
  )
  return [
    ...missing.map(({ code, pointer }) =>
      breaking('/answer/body/error/details', `a detail "${code}" for /request/body${pointer}`, 'none'),
    ),
    ...added.map(({ code, pointer }) =>
      breaking(
        '/answer/body/error/details',
        'no other detail',
        `one of code ${shownAs('enum', code)}`,
        describedTarget(pointer),
      ),
    ),
  ]
}

const describedTarget = (pointer: unknown): string =>
  typeof pointer === 'string' && /^[\w/@.~-]{0,80}$/.test(pointer)
    ? `It speaks of /request/body${pointer}.`
    : 'It has no target that could be told.'

/** What is wrong with how a request that must be refused was refused, or that it was not. */
export const findInRefusal = (
  side: Side,
  { owed, name }: Pick<Interaction, 'name'> & { readonly owed: Refused },
  answer: HttpAnswer,
): ReadonlyArray<Finding> => {
  const { codes, statuses } = side === 'gateway' ? byGateway(owed) : byGraph(owed)
  if (isSuccess(answer.status)) {
    const found = `taken: ${String(answer.status)}`
    return placesOf(owed).map(({ expected, pointer }) =>
      mayBeTaken(side, owed)
        ? compatible(pointer, expected, found, 'The metadata would allow it; the page does not.')
        : breaking(pointer, expected, found, `It should be that ${name}.`),
    )
  }
  const ofStatus = statuses.includes(answer.status)
    ? []
    : [breaking('/answer/status', either(statuses), String(answer.status))]
  const read = readError(answer)
  if (read._tag === 'Unreadable') return [...ofStatus, ...read.findings]
  const { error } = read.error
  const ofCode = codes.includes(error.code)
    ? []
    : [breaking('/answer/body/error/code', either(codes), shownCode(error.code))]
  const ofDetails =
    side === 'gateway' && owed._tag === 'BodyRefused' && ofCode.length === 0
      ? findInDetails(error.details, owed.problems)
      : []
  const challenged =
    owed._tag === 'CallerRefused' && answer.headers['www-authenticate'] === undefined
      ? [breaking('/answer/headers/www-authenticate', 'a Bearer challenge (RFC 6750)', 'nothing')]
      : []
  return [...ofStatus, ...ofCode, ...ofDetails, ...challenged]
}
