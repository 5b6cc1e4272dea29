import type { DeviceInstallStateCreate } from '@device-install-state/model'
import { DeviceInstallStateCreate as Create } from '@device-install-state/model'
import { deviceInstallStateCreate } from '@device-install-state/model/arbitrary'
import * as fc from 'fast-check'
import { bodiesToTake } from '../contract/bodies.js'
import { type Place, placesBelow } from '../contract/places.js'
import type { HttpRequest } from '../exchange/http-exchange.js'
import { breaking, type Finding, type Result } from '../report/finding.js'
import type { Report } from '../report/report.js'
import {
  type AnswerToWaitFor,
  answersToBear,
  answersToLeave,
  answersToReject,
  answersToWaitFor,
  created,
  type NamedAnswer,
} from './answers.js'
import { type Ended, ended, sentLine, tokenIn, tokenOf } from './client-call.js'
import type { ClientOptions, ContractClient } from './contract-client.js'
import { findInSent } from './find-in-sent.js'
import { startTarget, type Target } from './node-http-target.js'

const ids = { managedEBookId: 'B1.2_a-b', userInstallStateSummaryId: 'S1.2_a-b' }

const mustResolve = (result: Ended, hint: string): ReadonlyArray<Finding> => {
  if (result._tag === 'Resolved') return []
  const found = result._tag === 'Hangs' ? 'no end in time' : `it rejects (${result.why})`
  return [breaking('/result', 'the client to resolve: the state was created', found, hint)]
}

const mustReject = (result: Ended, hint: string): ReadonlyArray<Finding> => {
  if (result._tag === 'Rejected') return []
  const found = result._tag === 'Hangs' ? 'no end in time' : 'it resolves'
  return [breaking('/result', 'the client to reject', found, hint)]
}

const stateIn = (text: string): DeviceInstallStateCreate => {
  const json: unknown = JSON.parse(text)
  if (Create.is(json)) return json
  throw new TypeError('a body of the contract is no create')
}

/** States as they are given, one by one; how a body is printed is the client's own. */
const states: ReadonlyArray<readonly [string, DeviceInstallStateCreate]> = bodiesToTake
  .filter(({ name }) => !/order|white space|escapes/.test(name))
  .map(({ name, text }) => [name, stateIn(text)])

interface Looking {
  readonly client: ContractClient
  readonly target: Target
  readonly deadlineInMs: number
  /** Of the call that is looked at. */
  readonly token: () => string
  /** Begins another call, which has a token of its own. */
  readonly play: Target['play']
}

const call = (
  { client, deadlineInMs, target, token }: Looking,
  place: Place,
  state: DeviceInstallStateCreate,
): Promise<Ended> =>
  ended(
    () =>
      client.create({
        ...ids,
        baseUrl: target.url,
        token: token(),
        version: place.version,
        operation: place.operation.name,
        state,
      }),
    deadlineInMs,
  )

const lookAtSent = async (
  looking: Looking,
  place: Place,
  state: DeviceInstallStateCreate,
): Promise<ReadonlyArray<Finding>> => {
  looking.play(created)
  const result = await call(looking, place, state)
  return [
    ...findInSent(place, state, looking.token(), looking.target.arrived()),
    ...mustResolve(result, 'The answer is a 201 with the entity.'),
  ]
}

const [, someState] = states[0] ?? []
const exampleState = (): DeviceInstallStateCreate => {
  if (someState === undefined) throw new TypeError('there is no example')
  return someState
}

type Find = (result: Ended) => ReadonlyArray<Finding>

const someRequest = (arrived: ReadonlyArray<HttpRequest>): ReadonlyArray<Finding> =>
  arrived.length > 0 ? [] : [breaking('/requests', 'one request', 'none', 'The create was not sent.')]

const oneRequest = (arrived: ReadonlyArray<HttpRequest>): ReadonlyArray<Finding> =>
  arrived.length <= 1
    ? someRequest(arrived)
    : [
        breaking(
          '/requests',
          'one request',
          String(arrived.length),
          'What may have been done is not sent again: it would be there twice. An Idempotency-Key makes it harmless, and a look at innerError.retry says when.',
        ),
      ]

const lookAtAnswer = async (
  looking: Looking,
  place: Place,
  { answer }: NamedAnswer,
  findInRequests: (arrived: ReadonlyArray<HttpRequest>) => ReadonlyArray<Finding>,
  find: Find,
): Promise<ReadonlyArray<Finding>> => {
  looking.play(answer)
  const result = await call(looking, place, exampleState())
  return [...find(result), ...findInRequests(looking.target.arrived())]
}

/** Timers and clocks differ by a little, and nobody is throttled for it. */
const toleranceInMs = 50

/** What is refused for now, and taken the next time: the client may give up, or send the same again when it was told to. */
const lookAtWait = async (
  looking: Looking,
  place: Place,
  { answer, retryAfterInSeconds }: AnswerToWaitFor,
): Promise<ReadonlyArray<Finding>> => {
  const { arrived } = looking.target
  looking.play((request) => (arrived().length === 1 ? answer(request) : created(request)))
  const state = exampleState()
  const result = await call(looking, place, state)
  const [first, second, ...more] = arrived()
  if (first === undefined || second === undefined) {
    return [...someRequest(arrived()), ...mustReject(result, 'Nothing was created: it was only told to wait.')]
  }
  const pauseInMs = second.atInMs - first.atInMs
  return [
    ...(pauseInMs >= retryAfterInSeconds * 1_000 - toleranceInMs
      ? []
      : [
          breaking(
            '/requests',
            `a pause of ${String(retryAfterInSeconds)} s, as Retry-After says`,
            `the next one after ${pauseInMs.toFixed(0)} ms`,
            'What comes too early is refused again, and counts: it keeps others from being served.',
          ),
        ]),
    // The second is taken, and must be as good as the first.
    ...findInSent(place, state, looking.token(), [second, ...more]),
    ...mustResolve(result, 'It was sent again, and the answer is a 201.'),
  ]
}

/** Of what belongs to the host that was asked, the worst that another one got. */
const whatWasCarried = ({ body, headers }: HttpRequest): string => {
  if (headers['authorization'] !== undefined) return '/request/headers/authorization'
  return body === '' ? '/requests' : '/request/body'
}

/** A redirect to where neither token nor body belongs. */
const lookAtRedirect = async (looking: Looking, place: Place, status: number): Promise<ReadonlyArray<Finding>> => {
  const elsewhere = await startTarget()
  try {
    elsewhere.play(created)
    looking.play(({ path }) => ({ status, headers: { location: `${elsewhere.url}${path}` }, body: '' }))
    const result = await call(looking, place, exampleState())
    const [followed] = elsewhere.arrived()
    return [
      ...(followed === undefined
        ? []
        : [
            breaking(
              whatWasCarried(followed),
              'to stay with the host that was asked',
              'sent to another one',
              'Neither Graph nor the gateway redirects: whoever does is somebody else.',
            ),
          ]),
      ...mustReject(result, 'A redirect says nothing of a create.'),
    ]
  } finally {
    await elsewhere.stop()
  }
}

const drawn = async (
  looking: Looking,
  places: ReadonlyArray<Place>,
  { runs, seed, signal }: { readonly runs: number; readonly seed: number; readonly signal: AbortSignal | undefined },
): Promise<Result> => {
  const startedAt = performance.now()
  let last: ReadonlyArray<Finding> = []
  let line: string | undefined
  const details = await fc.check(
    fc.asyncProperty(fc.constantFrom(...places), deviceInstallStateCreate(), async (place, state) => {
      if (signal?.aborted === true) return true
      const findings = await lookAtSent(looking, place, state)
      if (findings.length === 0) return true
      last = findings
      line = sentLine(looking.target.arrived())
      return false
    }),
    { seed, numRuns: runs },
  )
  return {
    group: 'what is sent',
    name: 'states that are drawn go out as they are',
    findings: details.failed ? last : [],
    durationInMs: performance.now() - startedAt,
    ...(details.failed
      ? {
          reproduce: [
            ...(line === undefined ? [] : [line]),
            `# seed ${String(seed)}, shrunk ${String(details.numShrinks)} times`,
          ].join('\n'),
        }
      : {}),
  }
}

const afterItsEnd = breaking(
  '/requests',
  'none, once the promise of a create has ended',
  'one more',
  'What is sent again behind the back of whoever asked creates a state that nobody knows of.',
)

/** Lets a client make creates of all kinds against a listener on loopback, and says what of the contract it does not keep. */
export const reportOnClient = async (client: ContractClient, options: ClientOptions = {}): Promise<Report> => {
  const { deadlineInMs = 5_000, operations, runs = 30, signal, versions } = options
  const { seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 } = options
  const startedAt = new Date()
  const places = placesBelow(ids, versions).filter(
    ({ operation }) => operations === undefined || operations.includes(operation.name),
  )
  const [place] = places
  if (place === undefined) throw new TypeError('a client knows one operation and one version at least')
  const late: Array<Finding> = []
  let calls = 0
  const target = await startTarget((request) => {
    const token = tokenIn(request)
    const isLate = token !== undefined && token !== tokenOf(calls)
    if (isLate) late.push(afterItsEnd)
    return isLate
  })
  const looking: Looking = {
    client,
    target,
    deadlineInMs,
    token: () => tokenOf(calls),
    play: (answering) => {
      calls += 1
      target.play(answering)
    },
  }
  const results: Array<Result> = []
  const look = async (group: string, name: string, find: () => Promise<ReadonlyArray<Finding>>): Promise<void> => {
    if (signal?.aborted === true) return
    const begun = performance.now()
    const findings = await find()
    const line = findings.length === 0 ? undefined : sentLine(target.arrived())
    results.push({
      group,
      name,
      findings,
      durationInMs: performance.now() - begun,
      ...(line === undefined ? {} : { reproduce: line }),
    })
  }

  try {
    for (const one of places) {
      await look('what is sent', `the documented example, ${one.name}`, () => lookAtSent(looking, one, exampleState()))
    }
    for (const [name, state] of states) {
      await look('what is sent', `a state ${name}`, () => lookAtSent(looking, place, state))
    }
    if (signal?.aborted !== true) results.push(await drawn(looking, places, { runs, seed, signal }))
    for (const one of answersToBear) {
      await look('what is borne', `an answer ${one.name}`, () =>
        lookAtAnswer(looking, place, one, oneRequest, (result) =>
          mustResolve(result, 'Graph may add to what it answers, and print a date otherwise.'),
        ),
      )
    }
    for (const one of answersToReject) {
      await look('what is refused', `an answer ${one.name}`, () =>
        // To send again what was refused, with another token perhaps, creates nothing twice.
        lookAtAnswer(looking, place, one, someRequest, (result) => mustReject(result, 'Nothing was created.')),
      )
    }
    for (const one of answersToWaitFor) {
      await look('what has to wait', `an answer ${one.name}`, () => lookAtWait(looking, place, one))
    }
    for (const one of answersToLeave) {
      await look('what nobody can know', `an answer ${one.name}`, () =>
        lookAtAnswer(looking, place, one, oneRequest, (result) =>
          mustReject(result, 'It may have been created, or not.'),
        ),
      )
    }
    for (const status of [301, 302, 303, 307, 308]) {
      await look('what is refused', `a redirect, ${String(status)}`, () => lookAtRedirect(looking, place, status))
    }
    await look('what is sent', 'nothing more, once a create has ended', () => Promise.resolve(late.slice(0, 1)))
  } finally {
    await target.stop()
  }
  return {
    title: 'The contract of a client',
    subject: places.map(({ name }) => name).join('; '),
    startedAt,
    durationInMs: Date.now() - startedAt.getTime(),
    results,
    notes: [`States were drawn with seed ${String(seed)}.`],
  }
}
