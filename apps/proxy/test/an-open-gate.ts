import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ForwardPorts } from '../src/forward/index.js'

/** Ports of the way to Graph on which nobody waits. */
export const anOpenGate: Pick<ForwardPorts, 'gate' | 'newSpanId' | 'random' | 'delay'> = {
  gate: { turn: () => TE.right({ end: () => () => undefined }) },
  newSpanId: () => '00f067aa0ba902b7',
  random: () => 0.5,
  delay: () => T.of(undefined),
}
