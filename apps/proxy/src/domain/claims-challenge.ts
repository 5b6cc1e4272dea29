const longestClaims = 4_096

const isObject = (json: string): boolean => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** A claims request, OpenID Connect Core §5.5: a JSON object in printable ASCII, so that it can be passed on. */
export const isClaimsRequest = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= longestClaims && /^[ -~]+$/.test(text) && isObject(text)

const decoded = (base64: string): string | undefined => {
  try {
    return atob(base64.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return undefined
  }
}

/**
 * The claims that a challenge asks for (continuous access evaluation, or Conditional Access), as JSON; undefined if it
 * is no such challenge. Parameters may come in any order, and several challenges in one value. Entra, "Claims challenges".
 */
export const claimsInChallenge = (wwwAuthenticate: string | undefined): string | undefined => {
  if (wwwAuthenticate === undefined || !/(?:^|[\s,])error="insufficient_claims"/i.test(wwwAuthenticate))
    return undefined
  const [, base64] = /(?:^|[\s,])claims="([A-Za-z0-9+/_=-]{1,5464})"/i.exec(wwwAuthenticate) ?? []
  const claims = base64 === undefined ? undefined : decoded(base64)
  return isClaimsRequest(claims) ? claims : undefined
}
