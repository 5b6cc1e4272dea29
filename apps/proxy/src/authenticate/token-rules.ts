/** What we ask of a token, whoever issued it. */
export interface TokenRules {
  /** `aud` must be one of these, alone. The first is the one that callers are told to ask for. */
  readonly audiences: ReadonlyArray<string>
  /** Graph's own audiences, in every cloud: a token for Graph in our hands would be a confused deputy's. */
  readonly graphAudiences: ReadonlyArray<string>
  /** What a user's token must have in `scp` (or `scope`). */
  readonly scope: string
  /** What an application's token must have in `roles`. */
  readonly role: string
  /** The client applications (`azp`, `appid`) that may call; undefined lets all. */
  readonly appIds: ReadonlyArray<string> | undefined
  /** `alg` must be one of these; none is symmetric. */
  readonly algorithms: ReadonlyArray<string>
  /** `typ` must be one of these, letter by letter. */
  readonly tokenTypes: ReadonlyArray<string>
  /** The longest life (`exp` − `iat`) of a token, before the tolerance for clocks. */
  readonly longestLifeInSeconds: number
}

/** What a caller must be permitted, and what it is permitted. */
export interface Permission {
  readonly asked: string
  readonly held: ReadonlyArray<string>
}
