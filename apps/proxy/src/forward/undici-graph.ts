import type * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { type Dispatcher, errors, Pool } from 'undici'
import type { GraphAnswer, GraphRequest } from '../domain/graph-answer.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Deadline } from './gate.js'
import { graphHeaders } from './graph-headers.js'

export interface UndiciGraphSettings {
  /** Scheme, host and port; the path comes from each request. */
  readonly origin: string
  readonly userAgent: string
  readonly connectTimeoutInMs: number
  readonly connections: number
}

const largestAnswerInBytes = 256 * 1024

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
  tooLarge: boolean
  timedOut: boolean
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

const isTlsCode = (code: string): boolean =>
  /^(?:ERR_(?:TLS|SSL|OSSL)|EPROTO$|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE)/.test(
    code,
  )

const errorBeforeStart = (progress: Progress, cause: unknown): ProxyError => {
  if (progress.timedOut) return { _tag: 'GraphTimedOut', sent: false, status: undefined }
  return isTlsCode(codeOf(cause)) ? { _tag: 'GraphTlsFailed', cause } : { _tag: 'GraphUnreachable', cause }
}

const errorAfterStart = (progress: Progress, cause: unknown): ProxyError => {
  const { requestId, status } = progress
  const code = codeOf(cause)
  if (progress.timedOut || code.endsWith('TIMEOUT')) return { _tag: 'GraphTimedOut', sent: true, status, requestId }
  if (progress.tooLarge) return unreadable(progress, 'it is larger than 256 KiB')
  if (status !== undefined) return unreadable(progress, 'it was cut off')
  const isNotHttp =
    cause instanceof errors.HTTPParserError || cause instanceof errors.ResponseContentLengthMismatchError
  return isNotHttp ? unreadable(progress, 'it is not HTTP') : { _tag: 'GraphConnectionLost', cause }
}

const unreadable = ({ requestId, status }: Progress, what: string): ProxyError => ({
  _tag: 'GraphAnswerUnreadable',
  status,
  requestId,
  what,
  createdId: undefined,
})

const headersOf = (headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : (value ?? []).join(', '),
    ]),
  )

type Settle = (result: E.Either<ProxyError, GraphAnswer>) => void

const handlerOf = (
  progress: Progress,
  settle: Settle,
  timer: NodeJS.Timeout,
  hold: (abort: () => void) => void,
): Dispatcher.DispatchHandler => {
  const chunks: Array<Buffer> = []
  let size = 0
  let headers: Readonly<Record<string, string>> = {}

  const fail = (error: ProxyError): void => {
    clearTimeout(timer)
    settle({ _tag: 'Left', left: error })
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
    onResponseStart: (_controller, status, received) => {
      if (status < 200) return
      progress.status = status
      headers = headersOf(received)
      progress.requestId = headers['request-id']
    },
    onResponseData: (controller, chunk) => {
      size += chunk.byteLength
      if (size <= largestAnswerInBytes) {
        chunks.push(chunk)
        return
      }
      progress.tooLarge = true
      controller.abort(new Error('the answer is too large'))
    },
    onResponseEnd: () => {
      clearTimeout(timer)
      settle({
        _tag: 'Right',
        right: { status: progress.status ?? 0, headers, text: Buffer.concat(chunks).toString('utf8') },
      })
    },
    onResponseError: (_controller, cause) =>
      fail(progress.started ? errorAfterStart(progress, cause) : errorBeforeStart(progress, cause)),
  }
}

/**
 * Calls Graph over a pool of connections. One request at a time on each, no redirect, no decoding, at most 256 KiB of
 * answer, all of it within the deadline. The names of the headers that go out are constant. Never rejects.
 */
export const undiciGraph = (settings: UndiciGraphSettings): UndiciGraph => {
  const pool = new Pool(settings.origin, {
    connections: settings.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: settings.connectTimeoutInMs },
    // Idle connections go before Graph's front end closes them: a stale one would make a call indeterminate.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 30_000,
  })

  const optionsOf = ({ token, ...request }: GraphRequest): Dispatcher.DispatchOptions => ({
    method: request.method,
    path: request.path,
    headers: { authorization: `Bearer ${token}`, ...graphHeaders(settings.userAgent, request) },
    body: request.json,
  })

  const send = (deadline: Deadline) => (request: GraphRequest) => () =>
    new Promise<E.Either<ProxyError, GraphAnswer>>((settle) => {
      const leftInMs = deadline.atInMs - performance.now()
      if (leftInMs <= 0) {
        settle({ _tag: 'Left', left: { _tag: 'GraphTimedOut', sent: false, status: undefined } })
        return
      }
      const progress: Progress = {
        started: false,
        status: undefined,
        requestId: undefined,
        tooLarge: false,
        timedOut: false,
      }
      let abort = (): void => settle({ _tag: 'Left', left: errorBeforeStart(progress, undefined) })
      const timer = setTimeout(() => {
        progress.timedOut = true
        abort()
      }, leftInMs)
      const handler = handlerOf(progress, settle, timer, (abortRequest) => (abort = abortRequest))
      pool.dispatch(optionsOf(request), handler)
    })

  return { send, close: () => pool.destroy() }
}
