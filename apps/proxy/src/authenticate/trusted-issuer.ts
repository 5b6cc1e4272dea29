/** Who may issue the tokens of callers: a tenant of Entra ID in one of its two dialects, or any OpenID provider. */
export type TrustedIssuer = EntraIssuer | OpenIdIssuer

interface Issuer {
  /** Letter by letter as in `iss`. */
  readonly issuer: string
  /** Its discovery document is at this URL with `/.well-known/openid-configuration` after it. */
  readonly discovery: string
}

export interface EntraIssuer extends Issuer {
  readonly kind: 'entra'
  readonly tenantId: string
  /** Of its tokens, as in `ver`: which one an API gets is a setting of its app registration. */
  readonly version: '1.0' | '2.0'
  /** What the `issuer` of its keys must say: that of v2.0, for tokens of v1.0 too. */
  readonly keyIssuer: string
}

interface OpenIdIssuer extends Issuer {
  readonly kind: 'openid'
}

/**
 * May this key sign for that issuer? Entra says for whom each key is, with `{tenantid}` for any tenant; keys of v1.0
 * say nothing. Other providers have no such member. Entra, "Validate the signing key issuer".
 */
export const isKeyOf = (trusted: TrustedIssuer, keyIssuer: unknown): boolean =>
  trusted.kind === 'openid' ||
  keyIssuer === undefined ||
  (typeof keyIssuer === 'string' && keyIssuer.replaceAll('{tenantid}', trusted.tenantId) === trusted.keyIssuer)
