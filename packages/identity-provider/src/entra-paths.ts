interface EntraPaths {
  readonly issuer: string
  readonly token: string
  readonly keys: string
  readonly authorization: string
}

/** Where Entra has what OpenID Connect asks for, below the authority host. */
export const entraPaths = (tenantId: string): EntraPaths => ({
  issuer: `/${tenantId}/v2.0`,
  token: `/${tenantId}/oauth2/v2.0/token`,
  keys: `/${tenantId}/discovery/v2.0/keys`,
  authorization: `/${tenantId}/oauth2/v2.0/authorize`,
})
