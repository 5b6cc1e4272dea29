/** What goes to Graph. The host and the names of the headers are constant and belong to whoever sends it. */
export interface GraphRequest {
  readonly method: 'POST'
  /** Printed from typed values: version, route, ids. */
  readonly path: string
  readonly json: string
  readonly token: string
  /** Sent as `client-request-id`, so that Graph's logs and ours tell of the same call. */
  readonly auditId: string
  /** W3C Trace Context: the caller's trace, or the call's own. */
  readonly traceparent: string
}

/** What Graph answered, whole, and nothing of it believed yet. */
export interface GraphAnswer {
  readonly status: number
  /** Names in lower case; a header that came twice is joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}
