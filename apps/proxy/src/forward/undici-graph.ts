import { graphVersions, matchRoute } from '@device-install-state/model/operations'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { type buildConnector, type Dispatcher, errors, Pool } from 'undici'
import type { GraphAnswer, GraphRequest } from '../domain/graph-answer.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Deadline } from './gate.js'
import { graphHeaders } from './graph-headers.js'

export interface UndiciGraphSettings {
  /** Scheme, host and port; the path comes from each request. */
  readonly origin: string
  readonly userAgent: string
  /** How a connection is made; how long that may take is its own to say. */
  readonly connect: buildConnector.connector
  readonly connections: number
}

const largestAnswerInBytes = 256 * 1024
/** Answers such as 103, which come before the answer. */
const mostInformational = 64

export interface UndiciGraph {
  readonly send: (deadline: Deadline) => (request: GraphRequest) => TE.TaskEither<ProxyError, GraphAnswer>
  /** Ends what is still in flight, too; each such call then has its error. */
  readonly close: () => Promise<void>
}

/** How far a request has come; whether Graph has seen a byte of it is told from this, never from the kind of error. */
interface Progress {
  /** undici calls `onRequestStart` when a connection is there and nothing is written yet. */
  started: boolean
  status: number | undefined
  requestId: string | undefined
  /** Why we read no further. */
  unreadable: string | undefined
  timedOut: boolean
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

const isTlsCode = (code: string): boolean =>
  // UNSPECIFIED is what Node calls the reasons of OpenSSL that it has no name for, such as a digest that is too weak.
  /^(?:ERR_(?:TLS|SSL|OSSL)|EPROTO$|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|UNSPECIFIED$)/.test(
    code,
  )

/** What calls that are still under way end with when the process does. */
class ProcessEnds extends Error {}

const errorBeforeStart = (progress: Progress, cause: unknown): ProxyError => {
  if (cause instanceof ProcessEnds)
    return { _tag: 'GraphTimedOut', sent: false, status: undefined, why: 'the process ends' }
  if (progress.timedOut) return { _tag: 'GraphTimedOut', sent: false, status: undefined }
  return isTlsCode(codeOf(cause)) ? { _tag: 'GraphTlsFailed', cause } : { _tag: 'GraphUnreachable', cause }
}

/** What undici could not read, in our words; undefined when the connection was the matter. */
const faultOfAnswer = (cause: unknown): string | undefined => {
  if (cause instanceof errors.HeadersOverflowError) return 'its headers are larger than 16 KiB'
  const isNotHttp =
    cause instanceof errors.HTTPParserError ||
    cause instanceof errors.ResponseContentLengthMismatchError ||
    // Of undici: a 100 or a 101, neither of which was asked for.
    (cause instanceof errors.SocketError && /^bad (?:response|upgrade)$/.test(cause.message))
  return isNotHttp ? 'it is not HTTP' : undefined
}

const errorAfterStart = (progress: Progress, cause: unknown): ProxyError => {
  const { requestId, status } = progress
  if (cause instanceof ProcessEnds)
    return { _tag: 'GraphTimedOut', sent: true, status, requestId, why: 'the process ends' }
  if (progress.timedOut) return { _tag: 'GraphTimedOut', sent: true, status, requestId }
  const what = progress.unreadable ?? (status === undefined ? faultOfAnswer(cause) : 'it was cut off')
  return what === undefined ? { _tag: 'GraphConnectionLost', cause } : unreadable(progress, what)
}

const unreadable = ({ requestId, status }: Progress, what: string): ProxyError => ({
  _tag: 'GraphAnswerUnreadable',
  status,
  requestId,
  what,
  createdId: undefined,
})

const headersOf = (
  received: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(received))
    headers[name.toLowerCase()] = typeof value === 'string' ? value : (value ?? []).join(', ')
  return headers
}

/** Of another request; one that names none may be ours. */
const isOfAnother = (headers: Readonly<Record<string, string>>, auditId: string): boolean => {
  const named = headers['client-request-id'] ?? ''
  return named !== '' && named.split(', ').some((id) => id.toLowerCase() !== auditId.toLowerCase())
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Nothing where it is not UTF-8: put in other letters, it would be another text. */
const textOf = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    return ''
  }
}

type Settle = (result: E.Either<ProxyError, GraphAnswer>) => void

/** One call, as its handler sees it. */
interface Sending {
  readonly auditId: string
  readonly progress: Progress
  readonly settle: Settle
  /** From now on the call can be given up so. */
  readonly hold: (abort: () => void) => void
  /** The connections that it goes over are not to be used for others. */
  readonly renewConnections: () => void
}

const handlerOf = ({ auditId, hold, progress, renewConnections, settle }: Sending): Dispatcher.DispatchHandler => {
  const chunks: Array<Buffer> = []
  let size = 0
  let informational = 0
  let headers: Readonly<Record<string, string>> = {}

  const giveUp = (controller: Dispatcher.DispatchController, what: string): void => {
    progress.unreadable = what
    controller.abort(new Error(what))
  }

  return {
    onRequestStart: (controller) => {
      if (progress.timedOut) {
        controller.abort(new Error('the deadline passed while the request waited for a connection'))
        return
      }
      progress.started = true
      hold(() => controller.abort(new Error('the deadline passed')))
    },
    onResponseStart: (controller, status, received) => {
      if (status < 200) {
        informational++
        if (status < 100) giveUp(controller, 'it is not HTTP')
        if (informational > mostInformational) giveUp(controller, 'it does not begin')
        return
      }
      headers = headersOf(received)
      if (isOfAnother(headers, auditId)) {
        renewConnections()
        giveUp(controller, 'it is the answer to another request')
        return
      }
      progress.status = status
      progress.requestId = headers['request-id']
    },
    onResponseData: (controller, chunk) => {
      size += chunk.byteLength
      if (size <= largestAnswerInBytes) chunks.push(chunk)
      else giveUp(controller, 'it is larger than 256 KiB')
    },
    onResponseEnd: () => {
      // Graph, "Best practices": after a 503, the next try goes over a new connection.
      if (progress.status === 503) renewConnections()
      settle(E.right({ status: progress.status ?? 0, headers, text: textOf(Buffer.concat(chunks)) }))
    },
    onResponseError: (_controller, cause) =>
      settle(E.left(progress.started ? errorAfterStart(progress, cause) : errorBeforeStart(progress, cause))),
  }
}

/** That it can be no other path follows from the types of its parts; that they were not got around is looked at here. */
const assertPathOfOurs = (path: string): void => {
  const match = matchRoute(graphVersions, path)
  if (match._tag !== 'Matched' || match.route.path !== path) throw new Error('a path that is none of the operations’')
}

/** Connections to Graph. Those that are not to be used further end when their calls have. */
const renewablePool = ({ connect, connections, origin }: UndiciGraphSettings) => {
  const open = (): Pool =>
    new Pool(origin, {
      connect,
      connections,
      pipelining: 1,
      allowH2: false,
      // Idle connections go before Graph's front end closes them: a stale one would make a call indeterminate.
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 30_000,
    })
  let current = open()
  let isClosed = false
  const retired = new Set<Pool>()

  return {
    current: (): Pool => current,
    /** Once for each pool, however many of its calls ask for it. */
    renew: (asked: Pool): void => {
      if (asked !== current || isClosed) return
      current = open()
      retired.add(asked)
      const forget = (): boolean => retired.delete(asked)
      void asked.close().then(forget, forget)
    },
    close: async (): Promise<void> => {
      isClosed = true
      await Promise.all([...retired, current].map((pool) => pool.destroy(new ProcessEnds('the process ends'))))
    },
  }
}

/**
 * Calls Graph over a pool of connections. One request at a time on each, no redirect, no decoding, at most 256 KiB of
 * answer, all of it within the deadline. The names of the headers that go out are constant. After a 503, and after an answer
 * that belongs to another request, calls go over new connections. Rejects for a path that is none of ours, and for nothing
 * else.
 */
export const undiciGraph = (settings: UndiciGraphSettings): UndiciGraph => {
  const { close, current, renew } = renewablePool(settings)

  const optionsOf = ({ token, ...request }: GraphRequest): Dispatcher.DispatchOptions => ({
    method: request.method,
    path: request.path,
    headers: { authorization: `Bearer ${token}`, ...graphHeaders(settings.userAgent, request) },
    body: request.json,
  })

  const send = (deadline: Deadline) => (request: GraphRequest) => () =>
    new Promise<E.Either<ProxyError, GraphAnswer>>((resolve) => {
      assertPathOfOurs(request.path)
      const leftInMs = deadline.atInMs - performance.now()
      if (leftInMs <= 0) {
        resolve(E.left({ _tag: 'GraphTimedOut', sent: false, status: undefined }))
        return
      }
      const progress: Progress = {
        started: false,
        status: undefined,
        requestId: undefined,
        unreadable: undefined,
        timedOut: false,
      }
      let abort = (): void => settle(E.left(errorBeforeStart(progress, undefined)))
      const timer = setTimeout(() => {
        progress.timedOut = true
        abort()
      }, leftInMs)
      const settle: Settle = (result) => {
        clearTimeout(timer)
        resolve(result)
      }
      const pool = current()
      const handler = handlerOf({
        auditId: request.auditId,
        progress,
        settle,
        hold: (abortRequest) => (abort = abortRequest),
        renewConnections: () => renew(pool),
      })
      pool.dispatch(optionsOf(request), handler)
    })

  return { send, close }
}
