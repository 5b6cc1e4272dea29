import { DeviceInstallStateCreate, pointerOf, problemsOf } from '@device-install-state/model'
import { RequestHeaders } from '@device-install-state/model/operations'
import type { Place } from '../contract/places.js'
import type { HttpRequest } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { hopedFor, shownMediaType, shownMethod, shownOf } from '../report/shown-of.js'
import { jsonOf, memberOf } from '../suite/json-of.js'

const findInTarget = ({ operation, path }: Place, request: HttpRequest, token: string): ReadonlyArray<Finding> => {
  const [pathname = '', query] = request.path.split('?', 2)
  const hasToken = request.path.includes(token)
  return [
    ...(request.method === operation.method
      ? []
      : [breaking('/request/method', operation.method, shownMethod(request.method))]),
    ...(pathname === path || pathname === `${path}/`
      ? []
      : [
          breaking(
            '/request/path',
            `${operation.template}, below the version that was asked for`,
            'another path',
            'Ids go into the path as they are: print it with the operation of the model. A client that knows one route says so: --operation, or `operations`.',
          ),
        ]),
    ...(query === undefined
      ? []
      : [
          breaking(
            '/request/path',
            'no query',
            hasToken ? 'one with the token in it' : 'one',
            hasToken ? 'A token in an address is in every log on the way.' : 'The gateway refuses it.',
          ),
        ]),
  ]
}

const foundIn = (received: string): string => (received === 'nothing' ? 'nothing' : 'something else')

const findInHeaders = ({ headers }: HttpRequest, token: string): ReadonlyArray<Finding> => {
  const { authorization } = headers
  const decoded = RequestHeaders.decode(headers)
  const problems = decoded._tag === 'Right' ? [] : problemsOf(decoded.left)
  const ofToken =
    authorization === undefined || authorization.replace(/^Bearer +/i, '') === token
      ? []
      : [breaking('/request/headers/authorization', 'Bearer, and the token that was given', 'something else')]
  return [
    ...problems
      .filter(({ pointer }) => pointer !== '/authorization' || ofToken.length === 0)
      .map(({ expected, pointer, received }) =>
        breaking(
          `/request/headers${pointer}`,
          expected,
          pointer === '/content-type' && received !== 'nothing'
            ? shownMediaType(headers['content-type'])
            : foundIn(received),
        ),
      ),
    ...ofToken,
  ]
}

const hintOf = (given: unknown, sent: unknown): string | undefined => {
  if (given === null && sent === undefined) return 'What is null is sent as null: the gateway wants every property.'
  if (typeof given === 'string' && typeof sent === 'string' && Date.parse(given) === Date.parse(sent)) {
    return 'JavaScript’s Date loses the digits behind the milliseconds, and the offset: keep the text.'
  }
  return undefined
}

const anotherOne = (given: unknown, sent: unknown): string => (typeof sent === typeof given ? ', another one' : '')

const findInBody = ({ body }: HttpRequest, given: DeviceInstallStateCreate): ReadonlyArray<Finding> => {
  const read = jsonOf(body)
  if (read === undefined) return [breaking('/request/body', 'JSON', body === '' ? 'nothing' : 'what is none')]
  const { json } = read
  const decoded = DeviceInstallStateCreate.decode(json)
  const problems = decoded._tag === 'Right' ? [] : problemsOf(decoded.left)
  const ofModel = problems.map((problem) => {
    const name = problem.pointer.slice(1)
    const [before, after] = [memberOf(given, name), memberOf(json, name)]
    return breaking(
      `/request/body${problem.pointer}`,
      hopedFor(problem),
      shownOf(name, name === '' ? json : after),
      hintOf(before, after),
    )
  })
  const told = new Set(problems.map(({ pointer }) => pointer))
  if (told.has('')) return ofModel
  const names = [...new Set([...Object.keys(given), ...namesIn(json)])]
  const ofValues = names
    .filter((name) => !told.has(pointerOf([name])))
    .flatMap((name) => {
      const [before, after] = [memberOf(given, name), memberOf(json, name)]
      // The type is the declared one, so that it may be told or not.
      if (before === after || (name === '@odata.type' && (before === undefined || after === undefined))) return []
      const expected = before === undefined ? 'nothing: it was not given' : `what was given, ${shownOf(name, before)}`
      return [
        breaking(
          `/request/body${pointerOf([name])}`,
          expected,
          `${shownOf(name, after)}${anotherOne(before, after)}`,
          hintOf(before, after),
        ),
      ]
    })
  return [...ofModel, ...ofValues]
}

const namesIn = (value: unknown): ReadonlyArray<string> =>
  typeof value === 'object' && value !== null ? Object.keys(value) : []

/** What is wrong with what a client sent for one create. */
export const findInSent = (
  place: Place,
  given: DeviceInstallStateCreate,
  token: string,
  arrived: ReadonlyArray<HttpRequest>,
): ReadonlyArray<Finding> => {
  const [first] = arrived
  if (first === undefined) return [breaking('/requests', 'one request', 'none')]
  return [
    ...(arrived.length === 1
      ? []
      : [breaking('/requests', 'one request', String(arrived.length), 'Each that is taken creates a state.')]),
    ...findInTarget(place, first, token),
    ...findInHeaders(first, token),
    ...findInBody(first, given),
  ]
}
