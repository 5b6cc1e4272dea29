import { GraphError, innerErrorOf, problemsOf } from '@device-install-state/model'
import type { HttpAnswer } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { shownAs, shownMediaType } from '../report/shown-of.js'
import { jsonOf } from './json-of.js'

export type ErrorRead =
  | { readonly _tag: 'Unreadable'; readonly findings: ReadonlyArray<Finding> }
  | { readonly _tag: 'Read'; readonly error: GraphError; readonly innerError: Readonly<Record<string, unknown>> }

/** The code of an error as a report may show it. Graph's may have blanks; one of another form may quote a value. */
export const shownCode = (code: string): string =>
  /^[\w .-]{1,64}$/.test(code) ? JSON.stringify(code) : shownAs(undefined, code)

/** The error of an answer, in Graph's shape, or what is wrong with it. */
export const readError = ({ body, headers }: HttpAnswer): ErrorRead => {
  const read = jsonOf(body)
  if (read === undefined) {
    const type = shownMediaType(headers['content-type'])
    return {
      _tag: 'Unreadable',
      findings: [breaking('/answer/body', 'an error in the shape of Graph', `what is no JSON (${type})`)],
    }
  }
  const decoded = GraphError.decode(read.json)
  if (decoded._tag === 'Right') return { _tag: 'Read', error: decoded.right, innerError: innerErrorOf(decoded.right) }
  return {
    _tag: 'Unreadable',
    findings: problemsOf(decoded.left).map(({ expected, pointer, received }) =>
      breaking(`/answer/body${pointer}`, expected, received),
    ),
  }
}
