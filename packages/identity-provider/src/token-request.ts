/** With what a client tries to prove who it is. */
export type ClientAuthentication = 'client_secret' | 'certificate' | 'federated' | 'none'

/** What a client asked of a token endpoint, and how it went. No secret is in it. Absent parameters are empty. */
export interface TokenRequest {
  readonly tenantId: string
  readonly grantType: string
  readonly clientId: string
  /** What the client tried, successful or not. */
  readonly clientAuthentication: ClientAuthentication
  readonly scope: string
  readonly status: number
  /** The OAuth error, such as `invalid_client`. */
  readonly error?: string
}
