import type { RequestListener, ServerResponse } from 'node:http'
import express, { type ErrorRequestHandler } from 'express'
import { isForAuditors } from './auditor-listener.js'
import type { ApiDocumentation } from './express-api-documentation.js'
import type { Conversations, Exchange } from './conversations.js'
import { oneAtATime } from './one-at-a-time.js'

// Text format 0.0.4.
const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** One thing that must be well before calls can be served. */
export interface ReadinessCheck {
  readonly name: string
  readonly isWell: () => boolean
}

/**
 * `/livez`: the process runs; `/readyz`: it can serve calls, or which of its checks says that it cannot. Needs no token
 * and tells nothing of the configuration. `/metrics`: figures for Prometheus. `/docs` and `/openapi.json`: what callers can ask of the
 * proxy. On a port of its own, with what auditors ask below `/audit`, if that is on.
 */
export const expressAdminListener = (
  checks: ReadonlyArray<ReadinessCheck>,
  conversations: Conversations,
  /** Figures in the text format of Prometheus. */
  printMetrics: () => Promise<string>,
  documentation: ApiDocumentation,
  /** Answers auditors; undefined where nobody is one. */
  auditors?: (exchange: Exchange) => void,
): RequestListener => {
  const app = express()
  for (const feature of ['x-powered-by', 'etag', 'query parser']) app.set(feature, false)

  app.get('/livez', (_request, response) => {
    response.json({ status: 'alive' })
  })

  app.get('/readyz', (_request, response) => {
    const results = checks.map(({ isWell, name }) => ({ name, well: isWell() }))
    const ready = results.every(({ well }) => well)
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'notReady', checks: results })
  })

  app.get('/metrics', async (_request, response) => {
    const text = await printMetrics()
    response.set('Content-Type', prometheusContentType).send(text)
  })

  app.use(documentation)

  app.use((_request, response) => {
    response.status(404).json(notFound)
  })
  app.use(tellFailed)

  const answer = oneAtATime((exchange) => {
    const { request, response } = exchange
    // RFC 9112 §3.2. Node would answer it without a word.
    if (request.headers.host === undefined) respond(response, 400, { status: 'hostMissing' })
    else if (auditors !== undefined && isForAuditors(request)) auditors(exchange)
    else if (request.url?.startsWith('/') === true) app(request, response)
    // Express would answer a target that is no path by itself, in HTML.
    else respond(response, 404, notFound)
  })

  return (request, response) => {
    const exchange = conversations.begin(request, response)
    if (exchange !== undefined) answer(exchange)
  }
}

/** Without a word of what went wrong: Express would tell where in which file, to whoever asks and on stderr. */
const tellFailed: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (response.headersSent) response.destroy()
  else response.status(500).json({ status: 'failed' })
}

const respond = (response: ServerResponse, status: number, body: object): void => {
  const json = JSON.stringify(body)
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) })
    .end(json)
}

const notFound = { status: 'notFound', known: ['/livez', '/readyz', '/metrics', '/docs', '/openapi.json'] }
