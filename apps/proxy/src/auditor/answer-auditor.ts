import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as IO from 'fp-ts/lib/IO.js'
import type * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  type AuditReader,
  type CursorUnusable,
  type DigestsOf,
  entryJson,
  findCalls,
  type FoundPage,
  type LedgerUnreadable,
  queryNames,
  readQuery,
  recordsIn,
  type StoredEntry,
} from '../audit/index.js'
import { type ProofPorts, provedCaller } from '../authenticate/index.js'
import type { Caller } from '../domain/caller.js'
import { callerRequestIdOf, type IncomingRequest } from '../domain/incoming-request.js'
import type { Reply } from '../domain/reply.js'
import { type AuditorError, notUnderstood, tellAuditor } from './auditor-error.js'
import { type Asked, readAsked, readTopic, type Topic } from './read-question.js'

/** What is told of each question when it is answered: who asked for what, by name; no value. */
interface AuditorUse {
  readonly requestId: string
  readonly status: number
  readonly code?: string
  readonly auditor?: Caller
  readonly what?: Topic['what']
  readonly names?: ReadonlyArray<string>
  readonly found?: number
}

interface AuditorPorts extends ProofPorts {
  readonly reader: AuditReader
  readonly digestsOf: DigestsOf
  readonly now: IO.IO<Date>
  /** So many questions are answered at a time. */
  readonly mostUnderWay: number
  /** So many calls are looked at for one. */
  readonly mostLookedAt: number
  readonly deadlineInMs: number
  /** Runs something later; gives what cancels it. */
  readonly after: (ms: number, then: () => void) => () => void
  readonly told: (use: AuditorUse) => IO.IO<void>
  /** Why the ledger could not be read, for the log. */
  readonly unreadable: (message: string) => IO.IO<void>
}

interface Answer {
  /** JSON. */
  readonly body: string
  readonly found: number
}

/** As much of a question as is known, for the log. */
type Known = Pick<AuditorUse, 'auditor' | 'what' | 'names'>

const leastAndMost = { least: 1, most: 500, usual: 50 }

const limitIn = (text: string | undefined): E.Either<AuditorError, number> => {
  const { least, most, usual } = leastAndMost
  const limit = text === undefined ? usual : Number(/^\d{1,4}$/.test(text) ? text : Number.NaN)
  return limit >= least && limit <= most
    ? E.right(limit)
    : E.left(notUnderstood('limit', `must be a number from ${String(least)} to ${String(most)}`))
}

const valueOf = (asked: Asked, name: string): string | undefined => asked.find(([key]) => key === name)?.[1]

/** The page is asked for beside what is looked for. */
const pageNames: ReadonlyArray<string> = ['limit', 'cursor']

const withoutOthers = (asked: Asked, known: ReadonlyArray<string>): E.Either<AuditorError, Asked> =>
  asked.every(([name]) => known.includes(name))
    ? E.right(asked)
    : E.left(notUnderstood('a parameter', `is not known. Known are ${known.join(', ')}`))

/** Relative to what was asked (RFC 3986 §4.2): nobody here knows by which host an auditor comes. */
const nextLink = (asked: Asked, cursor: string): string => {
  const parameters = new URLSearchParams()
  for (const [name, value] of asked) parameters.set(name, value)
  parameters.set('cursor', cursor)
  return `/audit/calls?${parameters.toString()}`
}

const pageBody = ({ cursor, found, isCutShort, lookedAt }: FoundPage, link: string | undefined): string =>
  JSON.stringify({
    ...(link === undefined ? {} : { '@odata.nextLink': link }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(isCutShort ? { lookedAt, isCutShort } : {}),
    value: found.map(({ call }) => call),
  })

const pageError = (error: LedgerUnreadable | CursorUnusable): AuditorError =>
  error._tag === 'CursorUnusable'
    ? notUnderstood('cursor', 'is none of this search: ask for the same as before, or leave it out')
    : error

const calls =
  ({ digestsOf, mostLookedAt, now, reader }: AuditorPorts, what: 'calls' | 'search') =>
  (asked: Asked): TE.TaskEither<AuditorError, Answer> =>
    pipe(
      TE.fromEither(withoutOthers(asked, [...queryNames, ...pageNames])),
      TE.chainEitherK(() => limitIn(valueOf(asked, 'limit'))),
      TE.bindTo('limit'),
      TE.bind('query', () =>
        pipe(
          asked.filter(([name]) => !pageNames.includes(name)),
          readQuery({ now: now(), digestsOf }),
          E.mapLeft((problems): AuditorError => ({ _tag: 'QuestionNotUnderstood', problems })),
          TE.fromEither,
        ),
      ),
      TE.chain(({ limit, query }) => {
        const cursor = valueOf(asked, 'cursor')
        const wanted = { limit, mostLookedAt, ...(cursor === undefined ? {} : { cursor }) }
        return pipe(findCalls(reader)(query, wanted), TE.mapLeft(pageError))
      }),
      TE.map((page) => ({
        found: page.found.length,
        body: pageBody(page, what === 'calls' && page.cursor !== undefined ? nextLink(asked, page.cursor) : undefined),
      })),
    )

const entriesBody = (entries: ReadonlyArray<StoredEntry>): string => `{"value":[${entries.map(entryJson).join(',')}]}`

const oneCall =
  ({ reader }: AuditorPorts, auditId: string) =>
  (asked: Asked): TE.TaskEither<AuditorError, Answer> =>
    pipe(
      TE.fromEither(withoutOthers(asked, [])),
      TE.chainW(() => reader.entriesOf([auditId])),
      TE.filterOrElseW(
        (entries) => entries.length > 0,
        (): AuditorError => ({ _tag: 'NothingKnown' }),
      ),
      TE.map((entries) => ({ found: 1, body: entriesBody(entries) })),
    )

const checkpointOf = (entry: StoredEntry): ReadonlyArray<object> =>
  recordsIn([entry]).flatMap((record) => {
    if (record.kind !== 'checkpoint') return []
    const { kind: _kind, ...said } = record
    return [{ stream: entry.stream, sequence: entry.sequence, ...said }]
  })

/** Newest first in each stream, and so many of each. */
const checkpoints =
  ({ reader }: AuditorPorts) =>
  (asked: Asked): TE.TaskEither<AuditorError, Answer> =>
    pipe(
      TE.fromEither(withoutOthers(asked, ['limit'])),
      TE.chainEitherK(() => limitIn(valueOf(asked, 'limit'))),
      TE.chainW((limit) =>
        pipe(reader.streams, TE.chain(TE.traverseSeqArray(({ stream }) => reader.checkpoints(stream, limit)))),
      ),
      TE.map((streams) => {
        const value = streams.flat().flatMap(checkpointOf)
        return { found: value.length, body: JSON.stringify({ value }) }
      }),
    )

const answerTo = (ports: AuditorPorts, topic: Topic): ((asked: Asked) => TE.TaskEither<AuditorError, Answer>) => {
  switch (topic.what) {
    case 'calls':
    case 'search':
      return calls(ports, topic.what)
    case 'call':
      return oneCall(ports, topic.auditId)
    case 'checkpoints':
      return checkpoints(ports)
  }
}

/** Gives up waiting; what was begun ends by itself, since each question is bounded. */
const within =
  ({ after, deadlineInMs }: AuditorPorts) =>
  <Value>(task: TE.TaskEither<AuditorError, Value>): TE.TaskEither<AuditorError, Value> =>
  () =>
    new Promise((resolve, reject) => {
      const cancel = after(deadlineInMs, () => resolve(E.left({ _tag: 'AnswerTookTooLong' })))
      task().finally(cancel).then(resolve, reject)
    })

/** Some at a time, counted until they have really ended. */
const someAtATime = (most: number) => {
  let underWay = 0
  return <Value>(task: TE.TaskEither<AuditorError, Value>): TE.TaskEither<AuditorError, Value> =>
    () => {
      if (underWay >= most) return Promise.resolve(E.left({ _tag: 'TooManyQuestions' }))
      underWay++
      return task().finally(() => {
        underWay--
      })
    }
}

const headersOf = (request: IncomingRequest): Readonly<Record<string, string>> => ({
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'request-id': request.auditId,
  'client-request-id': callerRequestIdOf(request) ?? request.auditId,
})

const replyToAuditorError = (request: IncomingRequest, error: AuditorError, now: Date): Reply => {
  const { code, details, headers, message, retry, status } = tellAuditor(error)
  const own = headersOf(request)
  return {
    status,
    headers: { ...own, ...headers },
    body: JSON.stringify({
      error: {
        code,
        message,
        ...(details === undefined ? {} : { details }),
        innerError: {
          date: now.toISOString().slice(0, 19),
          'request-id': own['request-id'],
          'client-request-id': own['client-request-id'],
          code,
          retry,
          source: 'gateway',
        },
      },
    }),
    code,
    reason: undefined,
  }
}

const whoIn = (error: AuditorError): Known =>
  'caller' in error && error.caller !== undefined ? { auditor: error.caller } : {}

/**
 * The life of one question of an auditor: which it is, who asks and may they, what for, and the answer. Nothing of it is on
 * record in the ledger; the process log tells of each.
 */
export const answerAuditor = (ports: AuditorPorts): ((request: IncomingRequest) => T.Task<Reply>) => {
  const oneOfSome = someAtATime(ports.mostUnderWay)
  return (request) => async () => {
    let known: Known = {}
    const answered = await pipe(
      TE.fromEither(readTopic(request)),
      TE.bindTo('topic'),
      TE.bindW('auditor', () => provedCaller(ports)(request)),
      TE.tap(({ auditor, topic }) => {
        known = { auditor, what: topic.what }
        return TE.right(undefined)
      }),
      TE.bind('asked', ({ topic }) => readAsked(request)(topic)),
      TE.chain(({ asked, topic }) => {
        const names = asked.map(([name]) => name).filter((name) => [...queryNames, ...pageNames].includes(name))
        known = { ...known, names }
        return pipe(asked, answerTo(ports, topic), oneOfSome, within(ports))
      }),
    )()
    const requestId = request.auditId
    if (E.isLeft(answered)) {
      if (answered.left._tag === 'LedgerUnreadable') ports.unreadable(answered.left.message)()
      const reply = replyToAuditorError(request, answered.left, ports.now())
      const { code = '', status } = reply
      ports.told({ requestId, status, code, ...whoIn(answered.left), ...known })()
      return reply
    }
    const { body, found } = answered.right
    ports.told({ requestId, status: 200, ...known, found })()
    return { status: 200, headers: headersOf(request), body, code: undefined, reason: undefined }
  }
}
