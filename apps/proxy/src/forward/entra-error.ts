import { flow, pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { claimsRequestIn } from '../domain/claims-challenge.js'

// Whatever is told of an answer is a word of these lists, a number or a GUID: an answer may quote what we sent, and so a
// secret or a user's token. RFC 6749 §5.2, RFC 7521 §4.2.1, OpenID Connect Core §3.1.2.6, and what Entra adds.
const errors = [
  'access_denied',
  'consent_required',
  'interaction_required',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_resource',
  'invalid_scope',
  'invalid_target',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
]

const suberrors = [
  'additional_action',
  'bad_token',
  'basic_action',
  'client_mismatch',
  'consent_required',
  'device_authentication_failed',
  'message_only',
  'protection_policy_required',
  'token_expired',
  'user_password_expired',
]

const guid = /^[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}$/
const isCode = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 10_000 && value <= 99_999_999

/** An OAuth error as Entra words it. Only `error` is sure to be there and to be text; the rest is looked at with care. */
const EntraErrorAnswer = t.intersection(
  [
    t.type({ error: t.string }),
    t.partial({
      suberror: t.unknown,
      error_codes: t.unknown,
      error_description: t.unknown,
      trace_id: t.unknown,
      claims: t.unknown,
    }),
  ],
  'EntraErrorAnswer',
)
type EntraErrorAnswer = t.TypeOf<typeof EntraErrorAnswer>

/** What we keep of it. */
export interface EntraError {
  /** Undefined if it is none that we know. */
  readonly error: string | undefined
  readonly suberror: string | undefined
  /** The numbers of AADSTS codes, at most three. */
  readonly codes: ReadonlyArray<number>
  readonly traceId: string | undefined
  /** What the user must satisfy: a JSON object in printable ASCII, at most 4,096 characters. */
  readonly claims: string | undefined
}

/** An answer of the login service, as it came. */
export interface Answer {
  readonly status: number
  readonly text: string
}

const jsonOf = (text: string): O.Option<unknown> => O.tryCatch((): unknown => JSON.parse(text))

const codesOf = ({ error_codes: codes, error_description: description }: EntraErrorAnswer): ReadonlyArray<number> => {
  const listed = Array.isArray(codes) ? codes.filter(isCode).slice(0, 3) : []
  if (listed.length > 0) return listed
  const [, digits] = (typeof description === 'string' && /^AADSTS(\d{5,8})\b/.exec(description)) || []
  return digits === undefined ? [] : [Number(digits)]
}

const oneOf = (known: ReadonlyArray<string>, value: unknown): string | undefined => known.find((each) => each === value)

const kept = (answer: EntraErrorAnswer): EntraError => ({
  error: oneOf(errors, answer.error),
  suberror: oneOf(suberrors, answer.suberror),
  codes: codesOf(answer),
  traceId: typeof answer.trace_id === 'string' && guid.test(answer.trace_id) ? answer.trace_id : undefined,
  claims: claimsRequestIn(answer.claims),
})

/** The error that an answer tells, if it is an OAuth error. */
export const entraErrorOf: (answer: Answer) => O.Option<EntraError> = flow(
  ({ text }) => jsonOf(text),
  O.filter(EntraErrorAnswer.is),
  O.map(kept),
)

/** For example `invalid_client AADSTS7000215 (trace 00000000-0000-4000-8000-000000000000)`. */
export const wordsOfEntraError = ({ codes, error, suberror, traceId }: EntraError): string =>
  [
    error ?? 'an unknown OAuth error',
    ...(suberror === undefined || suberror === error ? [] : [suberror]),
    ...codes.map((code) => `AADSTS${String(code)}`),
    ...(traceId === undefined ? [] : [`(trace ${traceId})`]),
  ].join(' ')

/** What may be told of an answer that brought no token. */
export const wordsOfAnswer = (answer: Answer): string =>
  pipe(
    entraErrorOf(answer),
    O.match(
      () => `no OAuth answer came, but ${kindOf(answer.text)} with status ${String(answer.status)}`,
      wordsOfEntraError,
    ),
  )

const kindOf = (text: string): string => {
  if (text.trim() === '') return 'nothing'
  if (/^\s*<(?:!doctype|html)/i.test(text)) return 'HTML'
  return O.isSome(jsonOf(text)) ? 'other JSON' : 'something else'
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:[A-Z][A-Za-z]{0,34})?Error$/.test(value)

// Of the system, of Node, of undici and of OpenSSL.
const isFaultCode = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^(?:E[A-Z]{2,14}|(?:ERR|UND_ERR|CERT|CRL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME|INVALID)_[A-Z\d_]{1,40})$/.test(
    value,
  )

// fetch has no codes for these two.
const knownWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/answered more than \d+ KiB$/, 'the answer is too large'],
  [/^unexpected redirect$/, 'the answer is a redirect'],
]

const ownWords = (fault: Error): ReadonlyArray<string> => {
  const words = knownWords.find(([pattern]) => pattern.test(fault.message))?.[1]
  if (words !== undefined) return [words]
  return [
    isName(fault.name) ? fault.name : 'Error',
    ...('code' in fault && isFaultCode(fault.code) ? [fault.code] : []),
  ]
}

/** What may be told of a request that got no answer: names and codes, and those of what caused it, never its message. */
export const wordsOfFault = (fault: unknown): string => {
  const told: Array<string> = []
  for (let each = fault; each instanceof Error && told.length < 3; each = each.cause)
    told.push(ownWords(each).join(' '))
  return told.length === 0 ? 'an unknown fault' : told.join(': ')
}
