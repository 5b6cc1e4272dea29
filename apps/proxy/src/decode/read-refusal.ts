import type { DeviceInstallStateCreate } from '@device-install-state/model'
import * as t from 'io-ts'
import { hiddenValuesOf } from '../domain/field-clarity.js'
import type { GraphAnswer } from '../domain/graph-answer.js'
import type { GraphRefusal } from '../domain/proxy-error.js'
import { retryAfterInSeconds } from '../domain/retry-after.js'
import { cleanMessage, innerCodeIn, sentenceIn } from './clean-message.js'
import { laxJsonOf } from './json-of-answer.js'

// Codes of Graph may be empty and hold blanks; what is longer, or has other signs, is no code.
// Of a run of more than 40 signs it could be a token that Graph quotes.
const graphCode = /^(?!.*[\w-]{41})[\w .:-]{0,128}$/

const codeIn = (code: string | undefined, hiddenValues: ReadonlyArray<string>): string | undefined =>
  code !== undefined && graphCode.test(code) && !hiddenValues.some((value) => value.length > 2 && code.includes(value))
    ? code
    : undefined

/** What an error of Graph says. */
interface ReadRefusal {
  readonly refusal: GraphRefusal
  readonly isRouteMissing: boolean
  /** Intune's own word, which Graph wraps into a 401 where a user lacks the role. */
  readonly isForbidden: boolean
}

// Intune answers so where a documented create has no route. The code is sure; the words are a hint, since Graph says not
// to branch on messages: so they must begin as known, and the status must fit.
const saysThatRouteIsMissing = (status: number, code: string, message: string): boolean =>
  (status === 400 || status === 404 || status === 405) &&
  (/^\s*No method match route template\b/i.test(code) ||
    /^\s*(?:No method match route template|No OData route exists|Resource not found for the segment)\b/i.test(
      sentenceIn(message),
    ))

// Either is of use without the other, and whatever else is in the error.
const ErrorWithCode = t.type({ error: t.type({ code: t.string }) })
const ErrorWithMessage = t.type({ error: t.type({ message: t.string }) })

/** What Graph says of a call that it has not done. What was sent is kept out of its words. */
export const readRefusal = (answer: GraphAnswer, now: Date, sent: DeviceInstallStateCreate): ReadRefusal => {
  const json = laxJsonOf(answer)
  const code = ErrorWithCode.is(json) ? json.error.code : undefined
  const words = ErrorWithMessage.is(json) ? json.error.message : undefined
  const hiddenValues = hiddenValuesOf(sent)
  const message = words === undefined ? undefined : cleanMessage(words, hiddenValues)
  return {
    refusal: {
      status: answer.status,
      code: codeIn(code, hiddenValues),
      message: message?.told,
      messageOnRecord: message?.onRecord,
      retryAfterInSeconds: retryAfterInSeconds(answer.headers['retry-after'], now),
    },
    isForbidden: innerCodeIn(words ?? '') === 'Forbidden',
    isRouteMissing: saysThatRouteIsMissing(answer.status, code ?? '', words ?? ''),
  }
}
