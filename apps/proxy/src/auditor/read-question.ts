import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { hiddenQueryNames } from '../audit/index.js'
import { headerOf, type IncomingRequest } from '../domain/incoming-request.js'
import { parseStrictJson } from '../domain/strict-json.js'
import { type AuditorError, notUnderstood } from './auditor-error.js'

/** What an auditor may ask for, by path and method. */
export type Topic =
  | { readonly what: 'calls' }
  | { readonly what: 'search' }
  | { readonly what: 'call'; readonly auditId: string }
  | { readonly what: 'checkpoints' }

/** Names and values, as they were sent. */
export type Asked = ReadonlyArray<readonly [name: string, value: string]>

const onePath = /^\/audit\/calls\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

const topicOf = (path: string): Topic | undefined => {
  const auditId = onePath.exec(path)?.[1]
  if (auditId !== undefined) return { what: 'call', auditId: auditId.toLowerCase() }
  switch (path) {
    case '/audit/calls':
      return { what: 'calls' }
    case '/audit/calls/search':
      return { what: 'search' }
    case '/audit/checkpoints':
      return { what: 'checkpoints' }
    default:
      return undefined
  }
}

const pathOf = ({ target }: IncomingRequest): string => target.split('?', 1)[0] ?? ''

/** Which of the questions it is. */
export const readTopic = (request: IncomingRequest): E.Either<AuditorError, Topic> => {
  const topic = topicOf(pathOf(request))
  if (topic === undefined) return E.left({ _tag: 'NoSuchQuestion' })
  const allowed = topic.what === 'search' ? 'POST' : 'GET'
  if (request.method !== allowed) return E.left({ _tag: 'OtherMethod', allowed })
  const twice = ['authorization', 'content-type', 'content-encoding'].find(
    (name) => request.headers.filter(([key]) => key === name).length > 1,
  )
  return twice === undefined ? E.right(topic) : E.left({ _tag: 'HeaderDuplicated', name: twice })
}

const twiceIn = (asked: Asked): ReadonlyArray<string> => {
  const names = asked.map(([name]) => name)
  return names.filter((name, index) => names.indexOf(name) !== index)
}

/** URLs end up in logs and histories. */
const inUrl = ({ target }: IncomingRequest): E.Either<AuditorError, Asked> => {
  const asked: Asked = [
    ...new URLSearchParams(target.slice(target.includes('?') ? target.indexOf('?') : target.length)),
  ]
  const [hidden] = asked.filter(([name]) => hiddenQueryNames.includes(name)).map(([name]) => name)
  if (hidden !== undefined)
    return E.left(notUnderstood(hidden, 'tells of persons and is for no URL: POST it to /audit/calls/search'))
  const [twice] = twiceIn(asked)
  return twice === undefined ? E.right(asked) : E.left(notUnderstood(knownOr(twice), 'is there twice'))
}

// What a sender made up is not repeated.
const knownOr = (name: string): string => (/^[A-Za-z]{1,40}$/.test(name) ? name : 'a parameter')

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

const inJson = (bytes: Uint8Array): E.Either<AuditorError, Asked> => {
  const parsed = pipe(
    E.tryCatch(
      () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      () => undefined,
    ),
    E.map(parseStrictJson),
  )
  if (E.isLeft(parsed) || parsed.right._tag === 'Fault')
    return E.left({ _tag: 'JsonMalformed', offset: undefined, what: 'it is no JSON, or has a member twice' })
  const { value } = parsed.right
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return E.left({ _tag: 'JsonMalformed', offset: undefined, what: 'it is no object' })
  const members: ReadonlyArray<readonly [string, unknown]> = Object.entries(value)
  const asked = members.flatMap(([name, member]) => {
    const text = textOf(member)
    return text === undefined ? [] : [[name, text] as const]
  })
  const wrong = members.find(([, member]) => textOf(member) === undefined)
  return wrong === undefined ? E.right(asked) : E.left(notUnderstood(knownOr(wrong[0]), 'must be a text'))
}

const json = /^application\/json(?: *; *charset=(?:utf-8|"utf-8"))? *$/i

const inBody = (request: IncomingRequest): TE.TaskEither<AuditorError, Asked> => {
  if (headerOf(request, 'content-encoding') !== undefined || !json.test(headerOf(request, 'content-type') ?? ''))
    return TE.left({ _tag: 'MediaTypeUnsupported' })
  if (request.target.includes('?'))
    return TE.left(notUnderstood('the URL', 'has parameters, which belong into the body'))
  return pipe(request.readBody, TE.chainEitherKW(inJson))
}

/** What was asked for, from the URL, or from the body of a POST, which is read here. */
export const readAsked =
  (request: IncomingRequest) =>
  ({ what }: Topic): TE.TaskEither<AuditorError, Asked> =>
    what === 'search' ? inBody(request) : TE.fromEither(inUrl(request))
