const claimsIn = (token: string): unknown => {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    return JSON.parse(atob(payload))
  } catch {
    return undefined
  }
}

/**
 * Whose writes are counted: the application that an access token of Entra's names (`azp` or `appid`), or else the token
 * itself. Nothing of it is verified.
 */
export const applicationOfToken = (token: string): string => {
  const claims = claimsIn(token)
  if (typeof claims !== 'object' || claims === null) return token
  if ('azp' in claims && typeof claims.azp === 'string') return claims.azp
  return 'appid' in claims && typeof claims.appid === 'string' ? claims.appid : token
}
