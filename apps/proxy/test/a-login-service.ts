import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { trustCertificate } from '@device-install-state/identity-provider'
import { generate } from 'selfsigned'

/** A request for a token, as it arrived. */
interface TokenRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

/** How a request for a token is answered. */
export type LoginScript = (request: TokenRequest, response: ServerResponse) => unknown

/** Entra as far as these tests need it, over TLS: this process trusts its certificate until it is stopped. */
export interface LoginService {
  readonly url: string
  readonly requests: ReadonlyArray<TokenRequest>
  /** Paths of requests that were not for a token. */
  readonly others: ReadonlyArray<string>
  answer: LoginScript
  /** What the metadata name as token endpoint; undefined: its own. */
  tokenEndpoint: string | undefined
  readonly stop: () => Promise<void>
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): LoginScript =>
  (_, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))

export const aTokenAnswer = (token: string, life = 3599): LoginScript =>
  json(200, { token_type: 'Bearer', access_token: token, expires_in: life, ext_expires_in: life })

const metadataOf = (url: string, tenant: string, tokenEndpoint: string | undefined) => ({
  issuer: `${url}/${tenant}/v2.0`,
  token_endpoint: tokenEndpoint ?? `${url}/${tenant}/oauth2/v2.0/token`,
  authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/authorize`,
  end_session_endpoint: `${url}/${tenant}/oauth2/v2.0/logout`,
  jwks_uri: `${url}/${tenant}/discovery/v2.0/keys`,
})

export const startLoginService = async (): Promise<LoginService> => {
  // A name of its own: of two certificates with one name the wrong one may be looked at.
  const { cert, private: key } = await generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const distrust = trustCertificate(cert)

  const requests: Array<TokenRequest> = []
  const others: Array<string> = []
  const server = createServer({ key, cert }, (request, response) => {
    const path = request.url ?? ''
    const [, tenant = ''] = /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/.exec(path) ?? []
    if (request.method !== 'POST') {
      others.push(path)
      json(tenant === '' ? 404 : 200, metadataOf(service.url, tenant, service.tokenEndpoint))(
        { path, headers: {}, form: new URLSearchParams() },
        response,
      )
      return
    }
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
    request.on('end', () => {
      const received = { path, headers: request.headers, form: new URLSearchParams(body) }
      requests.push(received)
      service.answer(received, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const service: LoginService = {
    url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    others,
    answer: aTokenAnswer('t'),
    tokenEndpoint: undefined,
    stop: async () => {
      distrust()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return service
}

export interface TestCertificate {
  /** Key and certificate, PEM. */
  readonly pem: string
  readonly key: string
  readonly certificate: string
}

/** A certificate for a client to prove itself with. */
export const aClientCertificate = async (passphrase?: string): Promise<TestCertificate> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'the gateway' }], {
    keyType: 'rsa',
    keySize: 2048,
    algorithm: 'sha256',
    ...(passphrase === undefined ? {} : { passphrase }),
  })
  return { pem: `${key}\n${cert}`, key, certificate: cert }
}

/** Who asks this service for what, in the tests of those who ask. */
export const asking = {
  tenantId: '00000000-0000-4000-8000-000000000001',
  clientId: '00000000-0000-4000-8000-000000000003',
  scope: 'https://graph.example/.default',
  secret: 'a~secret.that_nobody-may-read-1234567890',
  trace: '0b1c2d3e-0000-4000-8000-000000000001',
} as const

/** A deadline that is far off. */
export const inTime = (): { readonly atInMs: number } => ({ atInMs: performance.now() + 25_000 })
