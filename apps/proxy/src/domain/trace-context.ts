import { type IncomingRequest, headerOf } from './incoming-request.js'

/** What W3C Trace Context says of a request: of which trace it is a part, and whether somebody records that. */
interface TraceContext {
  readonly traceId: string
  readonly isSampled: boolean
  /** The caller's span; undefined where the trace begins here. */
  readonly parentSpanId?: string
}

// Later versions may have more behind the flags. ff is no version; ids of zeros alone are none.
const traceparent = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** W3C Trace Context §3.2.2: what comes twice, or is malformed, is as good as nothing. */
const contextIn = (request: IncomingRequest): TraceContext | undefined => {
  const sent = request.headers.filter(([name]) => name === 'traceparent')
  const [, version, traceId, parentSpanId = '', flags = '', more] =
    sent.length === 1 ? (traceparent.exec(headerOf(request, 'traceparent') ?? '') ?? []) : []
  if (traceId === undefined || (version === '00' && more !== undefined)) return undefined
  return { traceId, parentSpanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** A trace that begins here is named for the call. */
const ownContext = ({ auditId }: IncomingRequest): TraceContext => ({
  traceId: auditId.replaceAll('-', ''),
  isSampled: false,
})

/** The trace that a request is part of. */
export const traceContextOf = (request: IncomingRequest): TraceContext => contextIn(request) ?? ownContext(request)

/** The trace that a request is part of, and the `traceparent` for what is asked in its course, by a span of 16 hexadecimal digits. */
export const traceparentOf = (request: IncomingRequest, spanId: string): string => {
  const { isSampled, traceId } = traceContextOf(request)
  return `00-${traceId}-${spanId}-0${isSampled ? '1' : '0'}`
}
