/** Who calls, as a verified token tells. Keyed by tenant and object; names and addresses in tokens prove nothing. */
export interface Caller {
  /** `application` acts by itself (`roles`), `user` through an application (`scp`). */
  readonly kind: 'application' | 'user'
  readonly issuer: string
  readonly tenantId?: string
  /** Of the user or the service principal (`oid`, else `sub`). */
  readonly objectId: string
  /** The client application (`azp`, in v1.0 tokens `appid`). */
  readonly appId?: string
  /** The token's own id (`uti`, else `jti`), to find it in the sign-in logs. */
  readonly tokenId?: string
  /** The key that signed the token (`kid`). */
  readonly keyId: string
}
