import { describe, expect, it } from 'vitest'
import type { Caller } from './caller.js'
import type { GraphRefusal, ProxyError } from './proxy-error.js'
import { headersOf, type ReplyContext } from './reply.js'
import { replyToError } from './reply-to-error.js'

// All that a caller can be told, and what is put on record beside it, in one file: who changes a word, a status or a header
// sees it there, and so does a reviewer. `vitest -u` writes it anew.

const caller: Caller = { kind: 'user', issuer: 'https://issuer.example', objectId: 'o', keyId: 'k' }
const quota = { calls: 100, seconds: 60, remaining: 0, fullInSeconds: 60, nextInSeconds: 7 }
const cause = Object.assign(new Error('connect ECONNREFUSED', { cause: new Error('the wire is cut') }), {
  code: 'ECONNREFUSED',
})
const refusal: GraphRefusal = {
  status: 400,
  code: 'BadRequest',
  message: 'Some words.',
  messageOnRecord: 'Some words. Operation ID: 1',
  retryAfterInSeconds: undefined,
}
const silent: GraphRefusal = { ...refusal, code: '', message: undefined, messageOnRecord: undefined }
const claims = '{"access_token":{}}'
const earlierAuditId = '01900000-0000-7000-8000-000000000002'

const refusedWith = (status: number, change: Partial<GraphRefusal> = {}) =>
  ({ _tag: 'GraphRefused', refusal: { ...refusal, status, ...change } }) as const

const all: { readonly [Tag in ProxyError['_tag']]: ReadonlyArray<Extract<ProxyError, { readonly _tag: Tag }>> } = {
  TlsHandshakeFailed: [{ _tag: 'TlsHandshakeFailed' }],
  TooManyConnections: [{ _tag: 'TooManyConnections' }],
  RequestMalformed: [{ _tag: 'RequestMalformed', what: 'Say something else.' }],
  HeaderDuplicated: [{ _tag: 'HeaderDuplicated', name: 'host' }],
  HeadersTooLarge: [{ _tag: 'HeadersTooLarge' }],
  TargetTooLong: [{ _tag: 'TargetTooLong' }],
  RouteNotFound: [{ _tag: 'RouteNotFound' }],
  PathIdMalformed: [{ _tag: 'PathIdMalformed', names: ['managedEBookId', 'userInstallStateSummaryId'] }],
  MethodNotAllowed: [{ _tag: 'MethodNotAllowed' }],
  MediaTypeUnsupported: [{ _tag: 'MediaTypeUnsupported' }],
  ExpectationFailed: [{ _tag: 'ExpectationFailed' }],
  BodyTooLarge: [{ _tag: 'BodyTooLarge', bytesRead: 40_000 }],
  BodyNotReceived: [
    { _tag: 'BodyNotReceived', why: 'timeout' },
    { _tag: 'BodyNotReceived', why: 'clientClosed' },
  ],
  IdempotencyKeyMalformed: [{ _tag: 'IdempotencyKeyMalformed' }],
  Draining: [{ _tag: 'Draining' }],
  TokenMissing: [{ _tag: 'TokenMissing' }],
  CredentialsMalformed: [{ _tag: 'CredentialsMalformed' }],
  TokenInvalid: [
    { _tag: 'TokenInvalid', reason: 'expired', audience: 'api://gateway' },
    { _tag: 'TokenInvalid', reason: 'graphTokenPresented', audience: 'api://gateway/' },
  ],
  ScopeMissing: [{ _tag: 'ScopeMissing', permission: 'DeviceInstallStates.Create', caller }],
  CallerNotAllowed: [
    { _tag: 'CallerNotAllowed', why: 'applicationNotListed', caller },
    { _tag: 'CallerNotAllowed', why: 'userNeeded', caller },
    { _tag: 'CallerNotAllowed', why: 'otherTenant', caller },
  ],
  CallerRateLimited: [
    { _tag: 'CallerRateLimited', quota, caller },
    { _tag: 'CallerRateLimited', quota: { ...quota, nextInSeconds: 0 }, caller },
  ],
  AuthKeysUnavailable: [{ _tag: 'AuthKeysUnavailable', cause }],
  JsonMalformed: [
    { _tag: 'JsonMalformed', offset: 12, what: 'duplicate property' },
    { _tag: 'JsonMalformed', offset: undefined, what: 'x'.repeat(301) },
  ],
  BodyInvalid: [
    {
      _tag: 'BodyInvalid',
      problems: [
        { pointer: '/deviceName', code: 'missing', expected: 'a string or null', received: 'nothing' },
        { pointer: '', code: 'type', expected: 'a JSON object', received: 'array' },
        { pointer: '/installState', code: 'enum', expected: 'x', received: 'string', didYouMean: 'installed' },
      ],
    },
  ],
  IntentNotRecorded: [{ _tag: 'IntentNotRecorded', cause }],
  Overloaded: [{ _tag: 'Overloaded' }],
  IdempotencyKeyReused: [{ _tag: 'IdempotencyKeyReused', earlierAuditId }],
  DuplicateInProgress: [{ _tag: 'DuplicateInProgress', earlierAuditId }],
  DuplicateOfIndeterminate: [{ _tag: 'DuplicateOfIndeterminate', earlierAuditId }],
  TurnTooLate: [{ _tag: 'TurnTooLate', why: 'pace', retryAfterInSeconds: 9 }],
  GraphLeftAlone: [{ _tag: 'GraphLeftAlone', retryAfterInSeconds: 30 }],
  UpstreamAuthUnavailable: [
    { _tag: 'UpstreamAuthUnavailable', cause: Object.assign(new Error('x'), { error: 'invalid_client' }) },
    { _tag: 'UpstreamAuthUnavailable', cause: Object.assign(new Error('x'), { code: 5, error: 'Not an OAuth code' }) },
    { _tag: 'UpstreamAuthUnavailable', cause: new SyntaxError('Unexpected token in "eyJhbGciOi"') },
    { _tag: 'UpstreamAuthUnavailable', cause: undefined },
  ],
  UserMustInteract: [
    { _tag: 'UserMustInteract', claims, cause: 'AADSTS50076' },
    { _tag: 'UserMustInteract', claims: undefined, cause: 'AADSTS50058', hasGraphRefused: true },
  ],
  AssertionRefused: [
    { _tag: 'AssertionRefused', consentMissing: true, cause: 'AADSTS65001' },
    { _tag: 'AssertionRefused', consentMissing: false, cause: 'AADSTS50013', hasGraphRefused: true },
  ],
  GraphUnreachable: [{ _tag: 'GraphUnreachable', cause }],
  GraphTlsFailed: [{ _tag: 'GraphTlsFailed', cause }],
  GraphConnectionLost: [{ _tag: 'GraphConnectionLost', cause }],
  GraphTimedOut: [
    { _tag: 'GraphTimedOut', sent: true, status: undefined },
    { _tag: 'GraphTimedOut', sent: false, status: undefined, why: 'the process ends' },
  ],
  GraphAnswerUnreadable: [
    { _tag: 'GraphAnswerUnreadable', status: 201, what: 'no JSON', createdId: undefined },
    { _tag: 'GraphAnswerUnreadable', status: 201, what: 'another shape', createdId: 'k1' },
  ],
  GraphRedirected: [{ _tag: 'GraphRedirected', status: 302 }],
  GraphRouteUnsupported: [{ _tag: 'GraphRouteUnsupported', refusal }],
  GraphRejectedOurToken: [{ _tag: 'GraphRejectedOurToken', refusal: { ...refusal, status: 401 } }],
  GraphDemandsClaims: [{ _tag: 'GraphDemandsClaims', claims, refusal: { ...refusal, status: 401 } }],
  GraphRefused: [
    refusedWith(400),
    { _tag: 'GraphRefused', refusal: silent },
    refusedWith(401),
    refusedWith(403),
    refusedWith(403, { message: undefined }),
    refusedWith(404),
    ...[409, 410, 412, 423].map((status) => refusedWith(status)),
    refusedWith(429, { retryAfterInSeconds: 20 }),
    refusedWith(429),
    refusedWith(503, { retryAfterInSeconds: 0 }),
    refusedWith(509),
  ],
  GraphFailed: [
    { _tag: 'GraphFailed', status: 500, code: 'InternalServerError', messageOnRecord: 'Some words.' },
    { _tag: 'GraphFailed', status: 502, code: undefined },
  ],
  Unforeseen: [{ _tag: 'Unforeseen', cause: new TypeError('x is not a function') }],
}

const context: ReplyContext = {
  auditId: '01900000-0000-7000-8000-000000000001',
  now: new Date('2026-11-23T12:00:00.123Z'),
  clientRequestId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  requestId: 'd18618d9-5e29-407b-9d19-28c621581f2d',
}

type Reply = ReturnType<typeof replyToError>

const whole = ({ body, headers, reason, status }: Reply): string =>
  [
    String(status),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    JSON.stringify(JSON.parse(body), null, 2),
    `On record: ${reason ?? 'nothing more'}`,
  ].join('\n')

const ofEveryReply = Object.keys(headersOf(context))

/** Without what is in every reply. */
const peculiar = (reply: Reply): string => {
  const { error } = JSON.parse(reply.body)
  const { auditId: _, date: __, 'request-id': ___, 'client-request-id': ____, ...innerError } = error.innerError
  const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !ofEveryReply.includes(name)))
  return whole({ ...reply, headers, body: JSON.stringify({ error: { ...error, innerError } }) })
}

const replyTo = (error: ProxyError, more: Partial<ReplyContext> = {}): Reply =>
  replyToError({ ...context, ...more }, error)

describe('a caller', () => {
  it('is told in every case what stands in the file of all replies', async () => {
    const sections = Object.entries<ReadonlyArray<ProxyError>>(all).flatMap(([tag, errors]) =>
      errors.map((error) => `${tag}\n${peculiar(replyTo(error))}`),
    )
    const first = `A whole reply\n${whole(replyTo({ _tag: 'RouteNotFound' }))}`

    await expect(`${[first, ...sections].join('\n\n')}\n`).toMatchFileSnapshot('../../test/every-reply.txt')
  })

  it('is told where a token is to be had, and how much may still be called, where that is known', async () => {
    const challenge = {
      resourceMetadataUrl: 'https://gateway.example/.well-known/oauth-protected-resource',
      authorizationUri: 'https://login.example/authorize',
    }
    const replies = [
      replyTo({ _tag: 'TokenMissing' }, { challenge }),
      replyTo({ _tag: 'TokenMissing' }, { challenge: { ...challenge, resourceMetadataUrl: undefined } }),
      replyTo({ _tag: 'UserMustInteract', claims, cause: 'x' }, { challenge }),
      replyTo({ _tag: 'UserMustInteract', claims: undefined, cause: 'x' }, { challenge }),
      replyTo({ _tag: 'Overloaded' }, { challenge, quota }),
    ]

    expect(replies.map(({ headers }) => [headers['WWW-Authenticate'], headers['RateLimit']])).toMatchInlineSnapshot(`
      [
        [
          "Bearer resource_metadata="https://gateway.example/.well-known/oauth-protected-resource"",
          undefined,
        ],
        [
          "Bearer",
          undefined,
        ],
        [
          "Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==", authorization_uri="https://login.example/authorize", resource_metadata="https://gateway.example/.well-known/oauth-protected-resource"",
          undefined,
        ],
        [
          "Bearer error="interaction_required", resource_metadata="https://gateway.example/.well-known/oauth-protected-resource"",
          undefined,
        ],
        [
          undefined,
          ""caller";r=0;t=60",
        ],
      ]
    `)
  })
})
