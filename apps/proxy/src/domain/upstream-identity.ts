/** In whose name Graph is called: the gateway's own, or that of the user who calls. */
export type UpstreamIdentity = UpstreamApplication | UpstreamUser

export interface UpstreamApplication {
  readonly kind: 'application'
  /** Absent for the identity that a machine of Azure has by itself. */
  readonly clientId?: string
}

interface UpstreamUser {
  readonly kind: 'user'
  /** The gateway's application, which acts on the user's behalf. */
  readonly clientId: string
  readonly tenantId: string
  readonly objectId: string
}
