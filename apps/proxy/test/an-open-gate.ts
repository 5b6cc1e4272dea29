import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { traceparentOf } from '../src/domain/trace-context.js'
import type { ForwardPorts, WouldBeSentPorts } from '../src/forward/index.js'

/** Ports of the way to Graph on which nobody waits. */
export const anOpenGate: Pick<
  ForwardPorts & WouldBeSentPorts,
  'gate' | 'inStep' | 'beginTry' | 'newSpanId' | 'random' | 'delay'
> = {
  gate: { turn: () => TE.right({ end: () => () => undefined }) },
  newSpanId: () => '00f067aa0ba902b7',
  inStep: (_request, _step, run) => run(),
  beginTry: ({ request }) => ({ traceparent: traceparentOf(request, '00f067aa0ba902b7'), end: () => undefined }),
  random: () => 0.5,
  delay: () => T.of(undefined),
}
