import { describe, expect, it } from 'vitest'
import type { ProxyError } from './proxy-error.js'
import { headersOf, type ReplyContext } from './reply.js'
import { replyToError } from './reply-to-error.js'
import { sampleErrors } from './sample-errors.js'

// All that a caller can be told, and what is put on record beside it, in one file: who changes a word, a status or a header
// sees it there, and so does a reviewer. `vitest -u` writes it anew.

const quota = { calls: 100, seconds: 60, remaining: 0, fullInSeconds: 60, nextInSeconds: 7 }
const claims = '{"access_token":{}}'

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
    const sections = Object.entries<ReadonlyArray<ProxyError>>(sampleErrors).flatMap(([tag, errors]) =>
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
