import { DeviceInstallState } from '@device-install-state/model'
import { jsonOf } from '../suite/json-of.js'
import type { ScriptedAnswer } from './graph-answers.js'
import { type GraphErrorAnswer, graphErrors } from './graph-errors.js'

/** Whether Graph does it: its pages say so, it was seen to, nothing forbids it, or it never does. */
export type Likelihood = 'documented' | 'observed' | 'possible' | 'never'

/** What Graph can be told to do in place of a plain 201. */
export interface Scenario {
  readonly documentation: string
  readonly likelihood: Likelihood
  /** Whether the state is there afterwards. */
  readonly creates: boolean
  /** Before it is answered. Absent: 0. */
  readonly inMs?: number
  /** From the answer that the create deserves. */
  readonly answer: (created: ScriptedAnswer) => ScriptedAnswer
}

type Entity = Readonly<Record<string, unknown>>

const isEntity = (value: unknown): value is Entity => typeof value === 'object' && value !== null

const entityIn = ({ body }: ScriptedAnswer): Entity => {
  const read = typeof body === 'string' ? jsonOf(body) : undefined
  if (read === undefined || !isEntity(read.json)) throw new TypeError('a create is answered with an entity')
  return read.json
}

/** Within the model, which is looked at before it goes out: a double that drifts is a mistake of this package. */
const borne = (documentation: string, likelihood: Likelihood, change: (entity: Entity) => Entity): Scenario => ({
  documentation,
  likelihood,
  creates: true,
  answer: (created) => {
    const body = JSON.stringify(change(entityIn(created)))
    const read = jsonOf(body)
    if (read === undefined || !DeviceInstallState.is(read.json)) {
      throw new TypeError(`the Graph double was about to answer what is no deviceInstallState: ${documentation}`)
    }
    return { ...created, body }
  },
})

const broken = (documentation: string, answer: Scenario['answer'], creates = true): Scenario => ({
  documentation,
  likelihood: 'never',
  creates,
  answer,
})

const refused = (documentation: string, likelihood: Likelihood, answer: GraphErrorAnswer): Scenario => ({
  documentation,
  likelihood,
  creates: false,
  answer: () => answer,
})

const throttledWith = (retryAfter: string): GraphErrorAnswer => ({
  ...graphErrors.tooManyRequests,
  headers: { ...graphErrors.tooManyRequests.headers, 'Retry-After': retryAfter },
})

/** By the names that `play` and the command line know. */
export const scenarios = {
  extraProperties: borne('Properties and annotations that were added since.', 'documented', (entity) => ({
    ...entity,
    isManaged: true,
    '@microsoft.graph.tips': 'Use $select to choose only the properties your app needs.',
  })),
  unknownEnumMember: borne('A member of installState that was added since.', 'documented', (entity) => ({
    ...entity,
    installState: 'pendingInstall',
  })),
  utcDate: borne('The date in UTC with seven digits, as Intune prints dates.', 'observed', (entity) => ({
    ...entity,
    lastSyncDateTime: '2017-01-01T08:02:49.3205976Z',
  })),
  dateWithoutFraction: borne('The date in UTC without a fraction.', 'observed', (entity) => ({
    ...entity,
    lastSyncDateTime: '2017-01-01T08:02:49Z',
  })),
  dateWithoutSeconds: borne('The date without seconds, which the OData grammar allows.', 'possible', (entity) => ({
    ...entity,
    lastSyncDateTime: '2017-01-01T08:02Z',
  })),
  neverSynced: borne('0001-01-01T00:00:00Z, which means never.', 'observed', (entity) => ({
    ...entity,
    lastSyncDateTime: '0001-01-01T00:00:00Z',
  })),
  otherOrder: borne('The properties in another order.', 'documented', (entity) =>
    Object.fromEntries(Object.entries(entity).toReversed()),
  ),
  nulls: borne('null for every text.', 'observed', (entity) => ({
    ...entity,
    deviceName: null,
    deviceId: null,
    errorCode: null,
    osVersion: null,
    osDescription: null,
    userName: null,
  })),
  slow: {
    documentation: 'A second passes.',
    likelihood: 'possible',
    creates: true,
    inMs: 1_000,
    answer: (created) => created,
  },
  missingRoute: refused(
    'Intune has no such route, as with several of its documented creates.',
    'observed',
    graphErrors.missingRoute,
  ),
  badRequest: refused('Intune is displeased, and does not say why.', 'observed', graphErrors.intuneBadRequest),
  forbidden: refused('The permission is lacking.', 'observed', graphErrors.forbidden),
  forbiddenWithoutCode: refused('An error with an empty code.', 'observed', graphErrors.forbiddenWithoutCode),
  notFound: refused('There is no such book.', 'observed', graphErrors.notFound),
  invalidToken: refused('The token is not taken.', 'observed', graphErrors.invalidToken),
  claimsChallenge: refused(
    'The token must prove more (continuous access evaluation).',
    'observed',
    graphErrors.claimsChallenge,
  ),
  tooManyRequests: refused('Throttled; Retry-After in seconds.', 'documented', throttledWith('1')),
  tooManyRequestsUntil: refused(
    'Throttled; Retry-After as a date, in the past.',
    'possible',
    throttledWith('Thu, 01 Jan 2026 00:00:00 GMT'),
  ),
  tooManyRequestsUnreadable: refused(
    'Throttled; a Retry-After that nobody can read.',
    'possible',
    throttledWith('soon'),
  ),
  tooManyRequestsWithoutRetryAfter: refused(
    'Throttled, without a word on how long.',
    'observed',
    graphErrors.tooManyRequestsWithoutRetryAfter,
  ),
  internalServerError: refused('A failure.', 'documented', graphErrors.internalServerError),
  serviceUnavailable: refused('Overloaded, with Retry-After.', 'documented', graphErrors.serviceUnavailable),
  gatewayTimeout: {
    documentation: 'Too late: the state is there all the same.',
    likelihood: 'documented',
    creates: true,
    answer: () => graphErrors.gatewayTimeout,
  },
  okForCreated: broken('200 for 201.', (created) => ({ ...created, status: 200 })),
  noContent: broken('201 without a body.', ({ headers = {}, status }) => ({ status, headers })),
  wrappedInValue: broken('The entity wrapped in value, as the page of the GET shows it.', (created) => ({
    ...created,
    body: JSON.stringify({ value: entityIn(created) }),
  })),
  withoutProperty: broken('The entity without deviceName.', (created) => {
    const { deviceName: _, ...entity } = entityIn(created)
    return { ...created, body: JSON.stringify(entity) }
  }),
  numberForText: broken('A number for errorCode.', (created) => ({
    ...created,
    body: JSON.stringify({ ...entityIn(created), errorCode: 0 }),
  })),
  truncatedJson: broken('JSON that ends too early.', (created) => ({
    ...created,
    body: String(created.body).slice(0, -9),
  })),
  html: broken('HTML, from something in between.', () => ({
    status: 502,
    headers: { 'Content-Type': 'text/html' },
    body: '<html><p>Bad Gateway</p></html>',
  })),
  redirect: broken('A redirect.', () => ({ status: 302, headers: { Location: 'https://login.example.com/' } }), false),
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios

export const isScenarioName = (name: string): name is ScenarioName => Object.hasOwn(scenarios, name)
