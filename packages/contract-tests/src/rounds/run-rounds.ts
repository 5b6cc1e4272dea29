import { deviceInstallStateCreate, hostile, nearMissCreate } from '@device-install-state/model/arbitrary'
import * as fc from 'fast-check'
import { createOf } from '../contract/interactions.js'
import type { Interaction } from '../contract/interaction.js'
import type { Place } from '../contract/places.js'
import { CouldNotRun } from '../could-not-run.js'
import { breaking, type Finding, type Result } from '../report/finding.js'
import { curlLine } from '../suite/curl-line.js'
import { tokenVariable } from '../suite/headers-of.js'
import { type Handling, lookAt, requestOf } from '../suite/look-at.js'
import { patientSend } from '../suite/patient-send.js'
import type { Subject } from '../suite/subject.js'

export interface RoundsOptions {
  readonly places: ReadonlyArray<Place>
  readonly handling: Handling
  /** How many bodies of each kind are drawn. */
  readonly runs: number
  readonly seed: number
  readonly onResult?: (result: Result) => void
  readonly onWait?: (inSeconds: number) => void
  readonly signal?: AbortSignal
}

/** JSON as a serializer would print it; undefined for what JSON cannot hold. */
const printed = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

interface Round {
  readonly name: string
  readonly bodies: fc.Arbitrary<string>
  /** Whether whatever the answer is, short of a failure, is right: what a hostile body is owed is not always known. */
  readonly isLoose: boolean
}

const texts = (values: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  values
    .map(printed)
    .filter((text) => text !== undefined)
    .filter((text) => text.length <= 16_000)

const rounds: ReadonlyArray<Round> = [
  {
    name: 'drawn bodies that are valid are taken, and go on unchanged',
    bodies: texts(deviceInstallStateCreate()),
    isLoose: false,
  },
  {
    name: 'drawn bodies that miss in one place are refused for it, and go nowhere',
    bodies: texts(nearMissCreate().map(({ value }) => value)),
    isLoose: false,
  },
  { name: 'drawn bodies that are hostile do no harm', bodies: texts(hostile()), isLoose: true },
]

const findFailure = (status: number): ReadonlyArray<Finding> =>
  status < 500
    ? []
    : [
        breaking(
          '/answer/status',
          'no failure',
          String(status),
          'Whatever a body is, the answer says what is wrong with it.',
        ),
      ]

/** Carries findings through fast-check, which knows of errors alone. */
class Broken extends Error {
  readonly findings: ReadonlyArray<Finding>
  constructor(findings: ReadonlyArray<Finding>) {
    super(findings.map(({ expected, found, pointer }) => `${pointer}: expected ${expected}, found ${found}`).join('; '))
    this.findings = findings
  }
}

const runRound = async (subject: Subject, round: Round, options: RoundsOptions): Promise<Result> => {
  const { handling, places, runs, seed } = options
  const send = patientSend(subject.send, { onWait: options.onWait, signal: options.signal })
  const startedAt = performance.now()
  const at = fc.constantFrom(...places)
  let failed: CouldNotRun | undefined

  const look = async (interaction: Interaction): Promise<ReadonlyArray<Finding>> => {
    const { answer, findings } = await lookAt(subject, interaction, handling, send)
    // What was answered in the middle of an interruption says nothing.
    if (options.signal?.aborted === true) return []
    return round.isLoose && interaction.owed._tag !== 'Created' ? findFailure(answer.status) : findings
  }
  const details = await fc.check(
    fc.asyncProperty(at, round.bodies, async (place, body) => {
      if (failed !== undefined || options.signal?.aborted === true) return
      const findings = await look(createOf(place, 'it is drawn', body)).catch((error: unknown) => {
        if (!(error instanceof CouldNotRun)) throw error
        failed = error
        return []
      })
      if (findings.some(({ severity }) => severity === 'breaking')) throw new Broken(findings)
    }),
    { seed, numRuns: runs },
  )
  // fast-check would shrink a target that has gone away.
  if (failed !== undefined) throw failed
  const result = { group: 'drawn', name: round.name, findings: [], durationInMs: performance.now() - startedAt }
  if (!details.failed) return result
  const { counterexample, counterexamplePath, errorInstance, numShrinks } = details
  if (!(errorInstance instanceof Broken) || counterexample === null) throw errorInstance
  const [place, body] = counterexample
  const { headers, ...request } = requestOf(createOf(place, '', body), handling, tokenVariable)
  const { 'client-request-id': _, ...others } = headers
  return {
    ...result,
    findings: errorInstance.findings,
    reproduce: [
      curlLine({ ...request, headers: others }),
      `# seed ${String(seed)}, path ${counterexamplePath ?? ''}, shrunk ${String(numShrinks)} times`,
    ].join('\n'),
  }
}

/**
 * Draws bodies from the model and holds what comes of each against the contract: valid ones, those that miss in one place,
 * and hostile ones. What fails is shrunk, and told with a curl line and the seed. Rejects with `CouldNotRun`.
 */
export const runRounds = async (subject: Subject, options: RoundsOptions): Promise<ReadonlyArray<Result>> => {
  const results: Array<Result> = []
  for (const round of rounds) {
    if (options.signal?.aborted === true) break
    const result = await runRound(subject, round, options)
    results.push(result)
    options.onResult?.(result)
  }
  return results
}
