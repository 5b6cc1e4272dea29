/** Names in lower case; the values of a header that came twice are joined by a comma and a blank. */
export type HttpHeaders = Readonly<Record<string, string>>

export interface HttpRequest {
  readonly method: string
  /** The request target below the origin, undecoded: path, and query if there is one. */
  readonly path: string
  readonly headers: HttpHeaders
  /** Empty if there is none. */
  readonly body: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: HttpHeaders
  /** Empty if there is none. */
  readonly body: string
}

/**
 * Sends a request to whatever is looked at, to the letter. Rejects with `CouldNotRun` when there is no answer: nobody
 * listens, the connection breaks, the deadline is over.
 */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>
