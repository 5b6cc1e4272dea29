import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { bearerToken } from '../domain/bearer-token.js'
import type { Call } from '../domain/call.js'
import { headerOf } from '../domain/incoming-request.js'
import type { UpstreamTokens } from './forward.js'
import type { TokensByAssertion } from './lru-tokens-by-assertion.js'
import type { RenewingToken } from './renewing-tokens.js'

/** The caller's own token, which it proved itself with. It stays in the request, and is kept nowhere else. */
const assertionOf = ({ request }: Call): string =>
  pipe(
    bearerToken(headerOf(request, 'authorization')),
    E.getOrElse(() => ''),
  )

/** Tokens in the name that was settled for a call: the gateway's own, or its user's. */
export const upstreamTokens = (own: RenewingToken, onBehalfOf: TokensByAssertion): UpstreamTokens => ({
  take: (call, deadline) =>
    call.upstream.kind === 'user' ? onBehalfOf.take(assertionOf(call), deadline) : own.take(deadline),
  drop: (call, token) => (call.upstream.kind === 'user' ? onBehalfOf.drop(assertionOf(call), token) : own.drop(token)),
})
