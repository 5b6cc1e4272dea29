import type { GraphRequest } from '../domain/graph-answer.js'

const encoder = new TextEncoder()

/**
 * The headers that go to Graph, but for `authorization`: closed, by constant names. What is told of a call that is only
 * validated, and what is sent, are both from here. `host` and `connection` are the transport's.
 */
export const graphHeaders = (
  userAgent: string,
  { auditId, json, traceparent }: Omit<GraphRequest, 'token'>,
): Readonly<Record<string, string>> => ({
  accept: 'application/json',
  'accept-encoding': 'identity',
  'content-type': 'application/json',
  'content-length': String(encoder.encode(json).byteLength),
  'client-request-id': auditId,
  'user-agent': userAgent,
  traceparent,
})
