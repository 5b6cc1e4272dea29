import * as E from 'fp-ts/lib/Either.js'
import { type GraphErrorAnswer, graphErrors } from './graph-errors.js'

const bearer = /^Bearer +([\w.~+/-]+=*)$/i

/**
 * The token of a caller that Graph knows, or what it says to one that it does not. The token is opaque here: only
 * `accepts` looks into it, and permissions are its business, too. Grammar: RFC 6750 section 2.1.
 */
export const knownCaller = async (
  accepts: (token: string) => Promise<boolean>,
  authorization: string | undefined,
): Promise<E.Either<GraphErrorAnswer, string>> => {
  if (authorization === undefined || /^Bearer *$/i.test(authorization)) return E.left(graphErrors.emptyToken)
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined) return E.left(graphErrors.malformedToken)
  return (await accepts(token)) ? E.right(token) : E.left(graphErrors.invalidToken)
}
