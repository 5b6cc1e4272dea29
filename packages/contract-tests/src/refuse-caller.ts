import { type GraphErrorAnswer, graphErrors } from './graph-errors.js'

const bearer = /^Bearer +([\w.~+/-]+=*)$/i

/**
 * What Graph says to a caller it does not know; undefined for one it does. The token is opaque here: only `accepts`
 * looks into it, and permissions are its business, too. Grammar: RFC 6750 section 2.1.
 */
export const refuseCaller = async (
  accepts: (token: string) => Promise<boolean>,
  authorization: string | undefined,
): Promise<GraphErrorAnswer | undefined> => {
  if (authorization === undefined || /^Bearer *$/i.test(authorization)) return graphErrors.emptyToken
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined) return graphErrors.malformedToken
  return (await accepts(token)) ? undefined : graphErrors.invalidToken
}
