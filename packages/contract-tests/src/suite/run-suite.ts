import type { Interaction } from '../contract/interaction.js'
import type { Place } from '../contract/places.js'
import { interactionsAt } from '../contract/interactions.js'
import type { Result } from '../report/finding.js'
import { curlLine } from './curl-line.js'
import { tokenVariable } from './headers-of.js'
import { type Handling, lookAt, requestOf } from './look-at.js'
import { patientSend } from './patient-send.js'
import type { Side, Subject } from './subject.js'

export interface SuiteOptions {
  readonly places: ReadonlyArray<Place>
  /**
   * Whether something may be created. Without it a gateway is asked to validate alone, and of Graph is asked only what
   * it cannot take for a create, however lenient it is.
   */
  readonly creates: boolean
  /** Absent: all of the side, at these places. */
  readonly interactions?: ReadonlyArray<Interaction>
  readonly onResult?: (result: Result) => void
  readonly onWait?: (inSeconds: number) => void
  /** Ends the suite after the interaction that is under way. */
  readonly signal?: AbortSignal
}

/** Graph ignores what it does not know of a query, and lists what there is. */
const isAsked = (side: Side, { method, owed }: Interaction): boolean =>
  side === 'gateway' || !(owed._tag === 'RouteRefused' && (owed.why === 'query' || method === 'GET'))

/** Whether it leaves nothing behind, even where the answerer is more lenient than it should be. */
const isHarmless = ({ owed }: Interaction): boolean =>
  owed._tag === 'CallerRefused' ||
  owed._tag === 'BodyUnreadable' ||
  (owed._tag === 'RouteRefused' && owed.why !== 'method')

/** The interactions of a side, in order. */
export const interactionsOf = (side: Side, places: ReadonlyArray<Place>): ReadonlyArray<Interaction> =>
  interactionsAt(places).filter((interaction) => isAsked(side, interaction))

/** How many of the suite's requests create something, if all is as it should be. */
export const createsOf = (side: Side, places: ReadonlyArray<Place>): number =>
  interactionsOf(side, places).filter(({ owed }) => owed._tag === 'Created').length

/** A line for a shell that asks the same again. */
const reproductionOf = (interaction: Interaction, handling: Handling): string => {
  const { headers, ...request } = requestOf(interaction, handling, tokenVariable)
  const { 'client-request-id': _, ...others } = headers
  return curlLine({ ...request, headers: others })
}

const skippedAtGraph =
  'Graph may take it for a create if it is more lenient than documented. With --create it is asked.'

/** Asks everything of the contract, one after the other, and resolves with what came of each. Rejects with `CouldNotRun`. */
export const runSuite = async (subject: Subject, options: SuiteOptions): Promise<ReadonlyArray<Result>> => {
  const { creates, onResult = () => undefined, onWait, places, signal } = options
  const { side } = subject
  const isInterrupted = (): boolean => signal?.aborted === true
  const handling: Handling = side === 'gateway' && !creates ? 'validate-only' : 'create'
  const send = patientSend(subject.send, { onWait, signal })
  const results: Array<Result> = []
  for (const interaction of options.interactions ?? interactionsOf(side, places)) {
    if (isInterrupted()) break
    const startedAt = performance.now()
    const isSkipped = side === 'graph' && !creates && !isHarmless(interaction)
    const findings = isSkipped ? [] : (await lookAt(subject, interaction, handling, send)).findings
    // What was answered in the middle of an interruption says nothing.
    if (isInterrupted() && findings.length > 0) break
    const result: Result = {
      group: interaction.place.name,
      name: interaction.name,
      findings,
      durationInMs: performance.now() - startedAt,
      ...(isSkipped ? { skipped: skippedAtGraph } : {}),
      ...(findings.length === 0 ? {} : { reproduce: reproductionOf(interaction, handling) }),
    }
    results.push(result)
    onResult(result)
  }
  return results
}
