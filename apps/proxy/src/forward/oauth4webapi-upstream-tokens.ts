import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import {
  allowInsecureRequests,
  type ClientCredentialsGrantRequestOptions,
  clientCredentialsGrantRequest,
  ClientSecretPost,
  customFetch,
  processClientCredentialsResponse,
} from 'oauth4webapi'
import type { ProxyError } from '../domain/proxy-error.js'
import type { Deadline, UpstreamTokens } from './forward.js'

export interface ClientCredentialsSettings {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** Entra's form: the resource, then `/.default`. */
  readonly scope: string
  /** Only ever true for addresses of this machine, see `config/`. */
  readonly dangerouslyAllowPlainHttp: boolean
  /** fetch, or one with limits. */
  readonly fetch: ClientCredentialsFetch
}

type ClientCredentialsFetch = NonNullable<ClientCredentialsGrantRequestOptions[typeof customFetch]>

interface Held {
  readonly token: string
  readonly freshUntilInMs: number
}

const longestWaitInMs = 5_000
// A token may be refused before it expires, and clocks differ: it is renewed 5 minutes early, or at half its life.
const renewBeforeInSeconds = 300

// RFC 6750 §2.1.
const bearer = /^[A-Za-z0-9\-._~+/]+=*$/

const freshForInMs = (lifeInSeconds: number): number =>
  1000 * Math.max(lifeInSeconds - renewBeforeInSeconds, lifeInSeconds / 2)

/**
 * Takes tokens for Graph in the gateway's own name (OAuth client credentials, RFC 6749 §4.4) and keeps one until
 * shortly before it expires. However many calls wait, one request is under way. Never rejects.
 */
export const clientCredentialsTokens = (settings: ClientCredentialsSettings): UpstreamTokens => {
  const server = { issuer: new URL(settings.tokenEndpoint).origin, token_endpoint: settings.tokenEndpoint }
  const client = { client_id: settings.clientId }
  let held: Held | undefined
  let underWay: Promise<E.Either<ProxyError, string>> | undefined

  const acquire = async (): Promise<E.Either<ProxyError, string>> => {
    try {
      const response = await clientCredentialsGrantRequest(
        server,
        client,
        ClientSecretPost(settings.clientSecret),
        new URLSearchParams({ scope: settings.scope }),
        {
          [allowInsecureRequests]: settings.dangerouslyAllowPlainHttp,
          [customFetch]: settings.fetch,
          signal: AbortSignal.timeout(longestWaitInMs),
        },
      )
      const { access_token: token, expires_in: life = 0 } = await processClientCredentialsResponse(
        server,
        client,
        response,
      )
      if (!bearer.test(token)) throw new Error('the token that came is none that can stand in a header')
      held = { token, freshUntilInMs: performance.now() + freshForInMs(life) }
      return E.right(token)
    } catch (cause) {
      return E.left({ _tag: 'UpstreamAuthUnavailable', cause })
    } finally {
      underWay = undefined
    }
  }

  const noTimeLeft: E.Either<ProxyError, string> = E.left({
    _tag: 'UpstreamAuthUnavailable',
    cause: 'the time for the call ran out before a token came',
  })

  /** The acquisition goes on for those who come later. */
  const within = async (deadline: Deadline, acquired: Promise<E.Either<ProxyError, string>>) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<E.Either<ProxyError, string>>((resolve) => {
      timer = setTimeout(() => resolve(noTimeLeft), deadline.atInMs - performance.now())
    })
    const result = await Promise.race([acquired, late])
    clearTimeout(timer)
    return result
  }

  const take =
    (deadline: Deadline): TE.TaskEither<ProxyError, string> =>
    () => {
      if (held !== undefined && held.freshUntilInMs > performance.now()) return Promise.resolve(E.right(held.token))
      underWay ??= acquire()
      return within(deadline, underWay)
    }

  const drop = (token: string) => (): void => {
    if (held?.token === token) held = undefined
  }

  return { take, drop }
}
