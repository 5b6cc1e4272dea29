// What a team would write in an afternoon: the token is proved, the body is looked at, each call is logged, and nothing is
// on record when the machine goes down.
import { Agent, createServer } from 'node:http'
import express, { type Request, type RequestHandler } from 'express'
import { createProxyMiddleware, fixRequestBody } from 'http-proxy-middleware'
import * as t from 'io-ts'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { pino } from 'pino'
import { surroundings } from '../world.ts'
import { sayWhere } from './say-where.ts'

const { audience, issuer, jwksUri, permission, upstream, upstreamToken } = surroundings()
const log = pino()
const keys = createRemoteJWKSet(new URL(jwksUri))

const nullable = t.union([t.string, t.null])
const State = t.intersection([
  t.type({
    deviceName: nullable,
    deviceId: nullable,
    lastSyncDateTime: t.string,
    installState: t.keyof({
      notApplicable: null,
      installed: null,
      failed: null,
      notInstalled: null,
      uninstallFailed: null,
      unknown: null,
    }),
    errorCode: nullable,
    osVersion: nullable,
    osDescription: nullable,
    userName: nullable,
  }),
  t.partial({ '@odata.type': t.string }),
])

const authenticate: RequestHandler = async (request, response, next) => {
  try {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'] })
    const { roles } = payload
    if (Array.isArray(roles) && roles.includes(permission)) next()
    else response.sendStatus(403)
  } catch {
    response.sendStatus(401)
  }
}

const validate: RequestHandler = (request, response, next) => {
  if (State.decode(request.body)._tag === 'Right') next()
  else response.sendStatus(400)
}

const logEach: RequestHandler = (request, response, next) => {
  const startedInMs = performance.now()
  response.on('finish', () => {
    log.info({ path: request.path, status: response.statusCode, ms: performance.now() - startedInMs }, 'request')
  })
  next()
}

const app = express()
app.disable('x-powered-by')
app.post(
  /^\/(?:v1\.0|beta)\/deviceAppManagement\/managedEBooks\/[^/]+\/(?:userStateSummary\/[^/]+\/)?deviceStates\/?$/,
  logEach,
  authenticate,
  express.json({ limit: '32kb' }),
  validate,
  createProxyMiddleware<Request>({
    target: upstream,
    agent: new Agent({ keepAlive: true, maxSockets: 64 }),
    on: {
      proxyReq: (outgoing, request) => {
        outgoing.setHeader('authorization', `Bearer ${upstreamToken}`)
        fixRequestBody(outgoing, request)
      },
    },
  }),
)
sayWhere(createServer(app))
