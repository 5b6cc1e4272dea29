import type * as IO from 'fp-ts/lib/IO.js'
import type { Call } from '../domain/call.js'
import { traceparentOf } from '../domain/trace-context.js'
import { graphHeaders } from './graph-headers.js'
import { graphRequestOf } from './graph-request.js'

export interface WouldBeSentPorts {
  /** Scheme, host and port. */
  readonly graphUrl: string
  readonly userAgent: string
  /** 16 hexadecimal digits, not all 0. */
  readonly newSpanId: IO.IO<string>
}

/** A request to Graph, as data. */
export interface WouldBeSent {
  readonly method: string
  readonly url: string
  /** Without `authorization`: no token is taken for what is not sent. */
  readonly headers: Readonly<Record<string, string>>
  /** The text, character for character. */
  readonly body: string
}

/** What `forward` would send for a call, from the same functions. Sends nothing. */
export const wouldBeSent = ({ graphUrl, newSpanId, userAgent }: WouldBeSentPorts, call: Call): WouldBeSent => {
  const request = graphRequestOf(call, traceparentOf(call.request, newSpanId()))
  return {
    method: request.method,
    url: `${graphUrl}${request.path}`,
    headers: graphHeaders(userAgent, request),
    body: request.json,
  }
}
