import type { IncomingRequest } from './incoming-request.js'

/** What a request goes through, as traces name it. */
type Step =
  | 'arrive'
  | 'authenticate'
  | 'decode request'
  | 'record intent'
  | 'wait for turn'
  | 'take token'
  | 'decode answer'
  | 'record outcome'
  | 'record refusal'
  | 'record replay'

/** Runs one step, seen by whoever traces the request; gives what the run gives. */
export type InStep = <A>(request: IncomingRequest, step: Step, run: () => Promise<A>) => Promise<A>
