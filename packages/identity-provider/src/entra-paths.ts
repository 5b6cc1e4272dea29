import type { TokenVersion } from './identity-provider-options.js'

interface EntraPaths {
  /** Of v2.0 alone: the issuer of v1.0 is on a host of its own. */
  readonly issuer: string
  readonly token: string
  readonly authorization: string
  readonly keys: Readonly<Record<TokenVersion, string>>
  readonly discovery: Readonly<Record<TokenVersion, string>>
}

/** Where Entra has what OpenID Connect asks for, below the authority host. */
export const entraPaths = (tenantId: string): EntraPaths => ({
  issuer: `/${tenantId}/v2.0`,
  token: `/${tenantId}/oauth2/v2.0/token`,
  authorization: `/${tenantId}/oauth2/v2.0/authorize`,
  keys: { 1: `/${tenantId}/discovery/keys`, 2: `/${tenantId}/discovery/v2.0/keys` },
  discovery: {
    1: `/${tenantId}/.well-known/openid-configuration`,
    2: `/${tenantId}/v2.0/.well-known/openid-configuration`,
  },
})

/** What tokens of a tenant have as `iss`. That of v1.0 is Entra's own whatever the authority host, and no one is asked there. */
export const entraIssuer = (authorityHost: string, tenantId: string, version: TokenVersion): string =>
  version === 1 ? `https://sts.windows.net/${tenantId}/` : `${authorityHost}${entraPaths(tenantId).issuer}`
