import type { JWK } from 'jose'

import type { TokenVersion } from './identity-provider-options.js'
import { generateSigningKey, type SigningKey } from './signing-key.js'

/** The keys of all tenants of one authority, as Entra has them: one signs, several are published. */
export interface SigningKeys {
  readonly current: () => SigningKey
  readonly published: () => ReadonlyArray<SigningKey>
  readonly rotate: () => Promise<SigningKey>
  /** The current key can be removed too: it goes on to sign what nobody can verify. */
  readonly remove: (kid: string) => void
}

export const generateSigningKeys = async (): Promise<SigningKeys> => {
  let current = await generateSigningKey()
  let published: ReadonlyArray<SigningKey> = [current]
  return {
    current: () => current,
    published: () => published,
    rotate: async () => {
      current = await generateSigningKey()
      published = [...published, current]
      return current
    },
    remove: (kid) => {
      published = published.filter((key) => key.kid !== kid)
    },
  }
}

/**
 * A key as Entra publishes it, without `alg`. For v2.0 tokens it says whose tokens it may sign, with `{tenantid}` for
 * the reader to fill in.
 */
export const publishedJwk = (
  { kid, publicKey, certificate }: SigningKey,
  version: TokenVersion,
  authorityHost: string,
): JWK => {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  return {
    kty: String(kty),
    use: 'sig',
    kid,
    x5t: kid,
    n: String(n),
    e: String(e),
    x5c: [certificate.toString('base64')],
    ...(version === 2 && { issuer: `${authorityHost}/{tenantid}/v2.0` }),
  }
}
