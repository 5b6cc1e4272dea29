import type { KeyObject } from 'node:crypto'

/** Who and what is known in the tenant that the identity provider plays. */
export interface IdentityProviderOptions {
  /** A GUID. It is in the issuer, in every address and in the `tid` claim. */
  readonly tenantId: string
  /** Further tenants on the same host, with the same apis, clients, users and keys, each with addresses of its own. */
  readonly guestTenantIds?: ReadonlyArray<string>
  /** 0, or none, lets the system choose. */
  readonly port?: number
  /** HTTPS, with a certificate for 127.0.0.1 and localhost that is made at the start. Plain HTTP when absent. */
  readonly tls?: boolean
  readonly apis: ReadonlyArray<Api>
  /** No two may share a `clientId`. */
  readonly clients: ReadonlyArray<Client>
  readonly users: ReadonlyArray<User>
  /** 3599 when absent, as Entra most often says. */
  readonly accessTokenLifetimeInSeconds?: number
}

/** Of a token, and of the discovery document and the keys that belong to it. */
export type TokenVersion = 1 | 2

/** An API that tokens can be asked for. */
export interface Api {
  /** What a scope starts with: `api://device-install-state`, `https://graph.microsoft.com`. */
  readonly appIdUri: string
  /** The `aud` claim: a GUID for an API of one's own, `https://graph.microsoft.com` for Graph. In v1.0 it is `appIdUri`. */
  readonly audience: string
  /** The delegated permissions it offers, as they stand in `scp`. */
  readonly scopes: ReadonlyArray<string>
  /** Which tokens it gets, whatever endpoint a client asks: the API decides. 2 when absent. */
  readonly accessTokenVersion?: TokenVersion
}

/** An application that asks for tokens, together with its service principal. It may have several credentials. */
export interface Client {
  readonly clientId: string
  readonly clientSecret?: string
  /** X.509, in PEM: whoever has its key may sign client assertions, RS256 or PS256. */
  readonly certificate?: string
  readonly federatedCredential?: FederatedCredential
  /** Of the service principal: `oid` and `sub` of its own tokens. */
  readonly objectId: string
  /** The app roles granted to it, by the `appIdUri` of the API. */
  readonly appRoles: Readonly<Record<string, ReadonlyArray<string>>>
  /** The scopes that it was given consent for, to act on behalf of users, by the `appIdUri` of the API. */
  readonly delegatedScopes?: Readonly<Record<string, ReadonlyArray<string>>>
}

/** Whose tokens Entra takes in place of a secret (workload identity federation). All of it must match, letter by letter. */
export interface FederatedCredential {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  /** RS256. Entra would read it at the issuer. */
  readonly publicKey: KeyObject
}

export interface User {
  readonly username: string
  readonly password: string
  readonly objectId: string
  readonly displayName: string
  /**
   * On-behalf-of is refused with `interaction_required` and a claims challenge, until the user's own token was asked
   * for with these claims: see the README.
   */
  readonly mustInteract?: boolean
}
