import * as E from 'fp-ts/lib/Either.js'
import type { ProxyError } from './proxy-error.js'

/**
 * The token of an Authorization header. No header, or another scheme, is no credentials at all; a bearer header that
 * is not one scheme, one blank and one token is malformed. RFC 6750 §2.1 and §3.1; the scheme is case-insensitive.
 */
export const bearerToken = (authorization: string | undefined): E.Either<ProxyError, string> => {
  const [scheme = ''] = (authorization ?? '').split(/[ \t]/, 1)
  if (scheme.toLowerCase() !== 'bearer') return E.left({ _tag: 'TokenMissing' })
  const token = /^[a-z]+ ([^\s,]|[^\s,]\S*[^\s,])$/i.exec(authorization ?? '')?.[1]
  return token === undefined ? E.left({ _tag: 'CredentialsMalformed' }) : E.right(token)
}
