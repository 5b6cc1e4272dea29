import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { expressApiDocumentation } from '../src/http/express-api-documentation.js'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { readDocument } from './an-openapi-document.js'

let world: TestWorld
beforeAll(async () => {
  world = await aRunningProxy({ CALLER_RATE_LIMIT: '100/10s', CALLER_GATEWAY_URL: 'https://gateway.example' })
})
afterAll(() => world.stop())

const onAdminPort = (path: string, init?: RequestInit) =>
  fetch(`${world.adminUrl}${path}`, { redirect: 'manual', ...init })

/** A target as it stands, which a client would tidy up. */
const rawOnAdminPort = (target: string, header = '') =>
  rawExchange(Number(new URL(world.adminUrl).port), `GET ${target} HTTP/1.1\r\nHost: x\r\n${header}\r\n`)

describe('the OpenAPI document of a running proxy', () => {
  it('is true of what it answers: created, given again, only validated, without a token, with a bad body', async () => {
    const { differences, paths } = readDocument(JSON.parse((await rawOnAdminPort('/openapi.json')).body))
    const authorization = `Bearer ${await world.token()}`
    const created = requestText({ authorization, more: ['Idempotency-Key: a'] })
    const requests = [
      created,
      created,
      requestText({ authorization, more: ['Prefer: handling=validate-only'] }),
      requestText(),
      requestText({ authorization, body: '{"installState":"Installed"}' }),
      requestText({ authorization, target: '/beta/deviceAppManagement/managedEBooks/%2e/deviceStates' }),
    ]
    const replies = []
    for (const request of requests) replies.push(await rawExchange(world.port, request))

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 200, 401, 400, 400])
    expect(replies[1]?.headers['idempotent-replayed']).toBe('true')
    for (const { body, headers, status } of replies)
      expect(differences({ status, body, headers: Object.keys(headers) })).toEqual([])
    expect(Object.keys(paths)).toContain('/.well-known/oauth-protected-resource')
  })

  it('says who may call it and where, as it is configured', async () => {
    const document: unknown = await (await onAdminPort('/openapi.json')).json()

    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      servers: [{ url: 'https://gateway.example' }],
      components: {
        securitySchemes: {
          openIdConnect: { openIdConnectUrl: `${world.provider.issuer}/.well-known/openid-configuration` },
        },
      },
    })
  })
})

describe('the page of the API', () => {
  it('is there, with all that it names, and may load nothing else', async () => {
    const page = await onAdminPort('/docs')
    const html = await page.text()
    const links = [...html.matchAll(/(?:href|src)="([^"#:]+)"/g)].map(
      ([, link = '']) => new URL(link, page.url).pathname,
    )

    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(new Set(links)).toEqual(
      new Set([
        '/openapi.json',
        '/docs/page.css',
        '/docs/page.mjs',
        '/docs/swagger-ui.css',
        '/docs/swagger-ui-bundle.js',
      ]),
    )
    for (const path of ['/docs', ...links]) {
      const { headers, status } = await onAdminPort(path, { method: 'HEAD' })

      expect([path, status, Number(headers.get('content-length')) > 100]).toEqual([path, 200, true])
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      })
      const again = await rawOnAdminPort(path, `If-None-Match: ${headers.get('etag') ?? ''}\r\n`)
      expect([path, again.status]).toEqual([path, 304])
    }
  })

  it('is given whole, whatever part of it is asked for, and not at all where another is asked for', async () => {
    const asked = async (headers: Record<string, string>) => {
      const response = await fetch(`${world.adminUrl}/docs`, { headers })
      return [response.status, response.headers.get('content-type'), (await response.text()).length > 100]
    }

    expect(await asked({ Range: 'bytes=99999999-' })).toEqual([200, 'text/html; charset=utf-8', true])
    expect(await asked({ 'If-Match': '"x"' })).toEqual([412, 'application/json; charset=utf-8', false])
  })

  it('is found with a slash behind it, too', async () => {
    const { headers, status } = await onAdminPort('/docs/')

    expect([status, headers.get('location')]).toEqual([308, '../docs'])
  })

  it.each(['POST', 'PUT', 'OPTIONS', 'DELETE'])('takes no %s', async (method) => {
    for (const path of ['/docs', '/docs/page.mjs', '/openapi.json']) {
      const { headers, status } = await onAdminPort(path, { method })

      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })

  it.each([
    '/docs/../package.json',
    '/docs/..%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '/docs/..\\package.json',
    '/docs/page.mjs%00',
    '/docs//page.mjs',
    '/docs/./page.mjs',
    '/docs/page.mjs/',
    '/docs/index.html',
    '/docs/index.js',
    '/docs/package.json',
    '/docs/swagger-ui-bundle.js.map',
    '/docs/oauth2-redirect.html',
    '/DOCS',
    '/openapi.json/',
  ])('has no other file: %s', async (target) => {
    const { body, status } = await rawOnAdminPort(target)

    expect([status, JSON.parse(body)]).toEqual([
      404,
      { status: 'notFound', known: ['/livez', '/readyz', '/metrics', '/docs', '/openapi.json'] },
    ])
  })

  it('tells nothing of why, when it cannot be read', async () => {
    const server = createServer(expressApiDocumentation(() => Promise.reject(new Error('a secret of the disk'))))
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    onTestFinished(() => void server.close())
    await promise
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { body, status } = await rawExchange(port, 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n')

    expect([status, body]).toEqual([500, '{"status":"unreadable"}'])
  })
})
