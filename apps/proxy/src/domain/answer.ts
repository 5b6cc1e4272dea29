/** What a caller was answered, as far as it is given again for the same idempotency key. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** Graph's `request-id`. */
  readonly requestId?: string
}
