// Graph documents what a status means, not what was done. Of these it is sure that nothing was. Others, such as 408 and
// 499, say nothing sure: somebody on the way may have given up on a call that went on.
const refusals: ReadonlySet<number> = new Set([
  400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 423, 429, 431, 509,
])

/**
 * Does an answer say that nothing was created? `retryAfter` is the header, if there is one: a 503 that names a time to come
 * back was turned away before it was looked at. Source: Graph "Error responses", "Throttling"; RFC 9110 section 15.
 */
export const isRefusal = (status: number, retryAfter?: string | null): boolean =>
  refusals.has(status) || (status === 503 && typeof retryAfter === 'string')
