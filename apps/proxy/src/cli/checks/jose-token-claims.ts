import { decodeJwt } from 'jose'

/** What a token says of itself, unproven; nothing where it is no JWT. For telling an operator, never to decide by. */
export const tokenClaims = (token: string): Readonly<Record<string, unknown>> => {
  try {
    return decodeJwt(token)
  } catch {
    return {}
  }
}
