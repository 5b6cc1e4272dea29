/** What the caller gets. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Our name for what went wrong, for the log; undefined when nothing did. */
  readonly code: string | undefined
  /** What the operator may know beyond that, for the log. */
  readonly reason: string | undefined
}
