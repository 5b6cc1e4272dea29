/**
 * fetch as the adapters of this folder use it. Whoever gives it sees to it that redirects are not followed and that a
 * large answer is an error; it rejects as fetch does.
 */
export type BoundedFetch = (
  url: string,
  options: {
    readonly body?: URLSearchParams | undefined
    readonly headers: Record<string, string>
    readonly method: string
    readonly signal: AbortSignal
    /** For whom, where requests of one should not be at the cost of others. */
    readonly by?: string
  },
) => Promise<Response>
