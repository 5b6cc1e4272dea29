// The same with Fastify, whose parts are chosen for speed; with a memory of tokens if that is asked for.
import { readFileSync } from 'node:fs'
import proxy from '@fastify/http-proxy'
import jwt from '@fastify/jwt'
import { Ajv } from 'ajv'
import { fastify } from 'fastify'
import { surroundings } from '../world.ts'
import { sayWhere } from './say-where.ts'

const { audience, issuer, permission, publicKeyFile, upstream, upstreamToken } = surroundings()
const remembersTokens = process.argv[3] === 'cache'

const nullable = { type: ['string', 'null'] }
const isState = new Ajv().compile({
  type: 'object',
  required: [
    'deviceName',
    'deviceId',
    'lastSyncDateTime',
    'installState',
    'errorCode',
    'osVersion',
    'osDescription',
    'userName',
  ],
  additionalProperties: false,
  properties: {
    '@odata.type': { type: 'string' },
    deviceName: nullable,
    deviceId: nullable,
    lastSyncDateTime: { type: 'string' },
    installState: { enum: ['notApplicable', 'installed', 'failed', 'notInstalled', 'uninstallFailed', 'unknown'] },
    errorCode: nullable,
    osVersion: nullable,
    osDescription: nullable,
    userName: nullable,
  },
})

const app = fastify({ logger: true, bodyLimit: 32 * 1024 })
await app.register(jwt, {
  secret: { public: readFileSync(publicKeyFile, 'utf8'), private: '' },
  verify: {
    allowedIss: issuer,
    allowedAud: audience,
    algorithms: ['RS256'],
    ...(remembersTokens ? { cache: 1_000 } : {}),
  },
})
await app.register(proxy, {
  upstream,
  httpMethods: ['POST'],
  proxyPayloads: false,
  undici: { connections: 64, pipelining: 1 },
  preHandler: (request, reply, done) => {
    request
      .jwtVerify<{ readonly roles?: ReadonlyArray<string> }>()
      .then(({ roles = [] }) => {
        if (!roles.includes(permission)) return reply.code(403).send()
        // oxlint-disable-next-line promise/no-callback-in-promise -- the types of the plugin know no hook that is async
        return isState(request.body) ? done() : reply.code(400).send()
      })
      .catch(() => reply.code(401).send())
  },
  replyOptions: {
    rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: `Bearer ${upstreamToken}` }),
  },
})
await app.ready()
sayWhere(app.server)
