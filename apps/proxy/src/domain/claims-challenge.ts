import * as t from 'io-ts'

const longestClaims = 4_096

// Whoever answers may quote what it was sent: a secret has 40 characters or more, a policy's id, a class of
// authentication, an address or a time has not.
const harmless = /^[\w.:/-]{1,36}$/
const ipv6 = /^(?:[\da-f]{0,4}:){2,8}(?:[\da-f]{0,4}|[\d.]{7,15})$/i
const longerNames: ReadonlySet<string> = new Set([
  'http://schemas.microsoft.com/claims/multipleauthn',
  'urn:federation:authentication:windows',
])

const isHarmless = (u: unknown): u is string | number =>
  typeof u === 'number' ? Number.isSafeInteger(u) : typeof u === 'string' && isHarmlessText(u)

const isHarmlessText = (text: string): boolean => harmless.test(text) || ipv6.test(text) || longerNames.has(text)

const Harmless = new t.Type<string | number>(
  'Harmless',
  isHarmless,
  (u, context) => (isHarmless(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

const ClaimRequest = t.union([
  t.null,
  t.exact(t.partial({ essential: t.boolean, value: Harmless, values: t.readonlyArray(Harmless) })),
])

/** OpenID Connect Core §5.5, as Entra and Graph send it. */
const ClaimsRequest = t.exact(
  t.partial({
    access_token: t.record(t.string, ClaimRequest),
    id_token: t.record(t.string, ClaimRequest),
    userinfo: t.record(t.string, ClaimRequest),
  }),
)

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A claims request that can be passed on, printed anew from what was understood of it; undefined if it is none, asks for
 * nothing, or holds anything that could be more than the name or the value of a claim.
 */
export const claimsRequestIn = (text: unknown): string | undefined => {
  if (typeof text !== 'string' || text.length > longestClaims) return undefined
  const request = ClaimsRequest.decode(jsonOf(text))
  if (request._tag === 'Left') return undefined
  const names = Object.values(request.right).flatMap((claims) => Object.keys(claims))
  return names.length > 0 && names.every(isHarmlessText) ? JSON.stringify(request.right) : undefined
}

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
  if (wwwAuthenticate === undefined || !/(?:^|[\s,])error *= *"insufficient_claims"/i.test(wwwAuthenticate))
    return undefined
  const [, base64] = /(?:^|[\s,])claims *= *"([A-Za-z0-9+/_=-]{1,5464})"/i.exec(wwwAuthenticate) ?? []
  return base64 === undefined ? undefined : claimsRequestIn(decoded(base64))
}
