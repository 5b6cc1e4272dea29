/** Who and what is known in the tenant that the identity provider plays. */
export interface IdentityProviderOptions {
  /** A GUID. It is in the issuer, in every address and in the `tid` claim. */
  readonly tenantId: string
  /** 0, or none, lets the system choose. */
  readonly port?: number
  readonly apis: ReadonlyArray<Api>
  /** No two may share a `clientId`. */
  readonly clients: ReadonlyArray<Client>
  readonly users: ReadonlyArray<User>
  /** 3599 when absent, as Entra most often says. */
  readonly accessTokenLifetimeInSeconds?: number
}

/** An API that tokens can be asked for. */
export interface Api {
  /** What a scope starts with: `api://device-install-state`, `https://graph.microsoft.com`. */
  readonly appIdUri: string
  /** The `aud` claim: a GUID for an API of one's own, `https://graph.microsoft.com` for Graph. */
  readonly audience: string
  /** The delegated permissions it offers, as they stand in `scp`. */
  readonly scopes: ReadonlyArray<string>
}

/** An application that asks for tokens, together with its service principal. */
export interface Client {
  readonly clientId: string
  readonly clientSecret: string
  /** Of the service principal: `oid` and `sub` of its own tokens. */
  readonly objectId: string
  /** The app roles granted to it, by the `appIdUri` of the API. */
  readonly appRoles: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface User {
  readonly username: string
  readonly password: string
  readonly objectId: string
  readonly displayName: string
}
