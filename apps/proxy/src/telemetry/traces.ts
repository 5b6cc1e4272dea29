import type { InStep } from '../domain/in-step.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { traceparentOf } from '../domain/trace-context.js'
import type { ForwardPorts } from '../forward/index.js'
import type { RequestLogEntry } from '../ports.js'

/** Sees requests through. Nothing that is called here fails or waits. */
export interface Traces {
  readonly inStep: InStep
  readonly beginTry: ForwardPorts['beginTry']
  readonly end: (request: IncomingRequest, entry: RequestLogEntry) => void
  readonly close: () => Promise<void>
}

/** Where nobody records traces: W3C's context is passed on all the same. */
export const untraced = (newSpanId: () => string): Traces => ({
  inStep: (_request, _step, run) => run(),
  beginTry: ({ request }) => ({ traceparent: traceparentOf(request, newSpanId()), end: () => undefined }),
  end: () => undefined,
  close: () => Promise.resolve(),
})
