import type { LedgerUnreadable, QueryProblem } from '../audit/index.js'
import type { ProxyError } from '../domain/proxy-error.js'
import { tell } from '../domain/tell-error.js'
import { retryAfter, type Told } from '../domain/told.js'

/** Why an auditor gets no answer: what can go wrong with any request, and what can go wrong with these. */
export type AuditorError =
  | ProxyError
  | LedgerUnreadable
  | { readonly _tag: 'NoSuchQuestion' }
  | { readonly _tag: 'OtherMethod'; readonly allowed: string }
  | { readonly _tag: 'QuestionNotUnderstood'; readonly problems: ReadonlyArray<QueryProblem> }
  | { readonly _tag: 'NothingKnown' }
  | { readonly _tag: 'TooManyQuestions' }
  | { readonly _tag: 'AnswerTookTooLong' }

export const notUnderstood = (name: string, message: string): AuditorError => ({
  _tag: 'QuestionNotUnderstood',
  problems: [{ name, message }],
})

/** What an auditor is told. */
export const tellAuditor = (error: AuditorError): Told => {
  switch (error._tag) {
    case 'NoSuchQuestion':
      return {
        status: 404,
        code: 'routeNotFound',
        message:
          'No such route. There are GET /audit/calls, POST /audit/calls/search, GET /audit/calls/{auditId} and GET /audit/checkpoints.',
        retry: 'never',
      }
    case 'OtherMethod':
      return {
        status: 405,
        code: 'methodNotAllowed',
        message: `This route takes ${error.allowed} alone.`,
        retry: 'never',
        headers: { Allow: error.allowed },
      }
    case 'QuestionNotUnderstood':
      return {
        status: 400,
        code: 'queryInvalid',
        message: `The question is not understood: ${error.problems.map(({ message, name }) => `${name} ${message}`).join('; ')}.`,
        retry: 'never',
        details: error.problems.map(({ message, name }) => ({ code: 'queryInvalid', message, target: name })),
      }
    case 'NothingKnown':
      return { status: 404, code: 'callNotFound', message: 'Nothing is on record by this id.', retry: 'never' }
    case 'LedgerUnreadable':
      return {
        status: 503,
        code: 'auditUnreadable',
        message: 'The audit ledger cannot be read just now; the log of the gateway tells why.',
        retry: 'safe',
        headers: retryAfter(5),
      }
    case 'TooManyQuestions':
      return {
        status: 503,
        code: 'overloaded',
        message: 'Too many questions are being answered; ask again.',
        retry: 'safe',
        headers: retryAfter(1),
      }
    case 'AnswerTookTooLong':
      return {
        status: 503,
        code: 'auditTimeout',
        message: 'The answer took too long. Ask for less: a shorter time, a smaller limit, something rarer.',
        retry: 'after',
        headers: retryAfter(10),
      }
    default:
      return tell(error)
  }
}
