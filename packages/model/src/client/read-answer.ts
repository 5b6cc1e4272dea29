import { DeviceInstallState } from '../device-install-state.js'
import { GraphError, innerErrorOf } from '../graph-error.js'
import { CreatedEntity, isRefusal } from '../operations/index.js'
import { type Problem, problemsOf } from '../problem.js'
import { listProblems } from './decode-or-throw.js'
import { printable } from './printable.js'

/** What is needed of a `Response`: that of fetch, undici or node-fetch, or one of your own. */
export interface ResponseLike {
  readonly status: number
  readonly headers: { readonly get: (name: string) => string | null }
  readonly text: () => Promise<string>
}

/** What became of a create, in the words of the gateway. */
export type ClientOutcome = 'notSent' | 'refused' | 'applied' | 'indeterminate'

const inWords: Readonly<Record<ClientOutcome, string>> = {
  notSent: 'nothing was created',
  refused: 'nothing was created',
  applied: 'it was created all the same',
  indeterminate: 'it may have been created all the same, so look before you send it again',
}

const isOutcome = (u: unknown): u is ClientOutcome => typeof u === 'string' && Object.hasOwn(inWords, u)

const longestMessage = 500

/** Graph's code and message, either of which may be empty. */
const saidIn = (body: GraphError | undefined): string => {
  if (body === undefined) return ' without an error that can be read'
  const said = [body.error.code, body.error.message].filter((text) => text !== '').join(': ')
  return said === '' ? ' without a word' : ` (${printable(said, longestMessage)})`
}

/** Graph, or a gateway before it, answered something else than 201. */
export class GraphRefusedError extends Error {
  override readonly name = 'GraphRefusedError'
  readonly status: number
  /** `error.code`, for programs. Undefined if the body is no error of Graph's. */
  readonly code: string | undefined
  /** What the gateway says of it, or else what the status says. */
  readonly outcome: ClientOutcome
  /** Quote it when you ask Microsoft for help. */
  readonly requestId: string | undefined
  /** The header as it came: seconds, or a date. */
  readonly retryAfter: string | undefined
  /** The whole body, if it is an error of Graph's. */
  readonly body: GraphError | undefined

  /** The message has Graph's own words, cut to 500 characters. They may quote what was sent. */
  constructor({ headers, status }: ResponseLike, body: GraphError | undefined) {
    const { outcome: told, 'request-id': requestId } = body === undefined ? {} : innerErrorOf(body)
    const retryAfter = headers.get('retry-after') ?? undefined
    const outcome = isOutcome(told) ? told : isRefusal(status, retryAfter) ? 'refused' : 'indeterminate'
    super(`Graph answered ${String(status)}${saidIn(body)}: ${inWords[outcome]}.`)
    this.status = status
    this.code = body?.error.code
    this.outcome = outcome
    this.requestId = headers.get('request-id') || (typeof requestId === 'string' ? requestId : undefined)
    this.retryAfter = retryAfter
    this.body = body
  }
}

const longestId = 256

/** Graph says that it created something, but not what the model describes. */
export class AnswerUnreadableError extends Error {
  override readonly name = 'AnswerUnreadableError'
  readonly status: number
  /** Where the body is not as documented; empty if it is no JSON, or could not be read at all. */
  readonly problems: ReadonlyArray<Problem>
  /** The key of what was created, if that much can be read. */
  readonly createdId: string | undefined

  constructor(
    status: number,
    what: string,
    problems: ReadonlyArray<Problem>,
    createdId: string | undefined,
    options?: { readonly cause: unknown },
  ) {
    const created = createdId === undefined ? 'something was created' : `${printable(createdId, longestId)} was created`
    super(`Graph answered ${String(status)}, so ${created}, but ${what}${listProblems(problems)}`, options)
    this.status = status
    this.problems = problems
    this.createdId = createdId
  }
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

const textOf = async (response: ResponseLike): Promise<string> => {
  try {
    return await response.text()
  } catch (cause) {
    if (!isSuccess(response.status)) return ''
    throw new AnswerUnreadableError(response.status, 'its body could not be read.', [], undefined, { cause })
  }
}

const isSuccess = (status: number): boolean => status === 201 || status === 200

/**
 * What a create has made, from the answer to it. Rejects with a `GraphRefusedError` for any status but 201 (and 200), and
 * with an `AnswerUnreadableError` if the body is not the entity. Does not compare the entity with what was sent, and
 * does not limit the size of the body.
 */
export const readAnswer = async (response: ResponseLike): Promise<DeviceInstallState> => {
  const { status } = response
  const json = jsonIn(await textOf(response))
  if (!isSuccess(status)) throw new GraphRefusedError(response, GraphError.is(json) ? json : undefined)
  if (json === undefined) throw new AnswerUnreadableError(status, 'its body is no JSON.', [], undefined)
  const decoded = DeviceInstallState.decode(json)
  if (decoded._tag === 'Right') return decoded.right
  const createdId = CreatedEntity.is(json) ? json.id : undefined
  throw new AnswerUnreadableError(status, 'its body is no deviceInstallState:', problemsOf(decoded.left), createdId)
}
