/** One thing that is counted or measured. Names and units are OpenTelemetry's where it has one, else below `device_install_state`. */
interface InstrumentOf<Kind extends string> {
  readonly kind: Kind
  /** As in OTLP. Prometheus sees `_` for `.`, the unit in words behind the name, and `_total` behind a counter. */
  readonly name: string
  /** UCUM. */
  readonly unit: string
  readonly description: string
  /** Each has few values, which neither callers nor Graph can add to. */
  readonly attributes: ReadonlyArray<string>
}

const histogram = (
  name: string,
  description: string,
  attributes: ReadonlyArray<string> = [],
): InstrumentOf<'histogram'> => ({ kind: 'histogram', name, unit: 's', description, attributes })

const counter = (
  name: string,
  unit: string,
  description: string,
  attributes: ReadonlyArray<string> = [],
): InstrumentOf<'counter'> => ({ kind: 'counter', name, unit, description, attributes })

const gauge = (
  name: string,
  unit: string,
  description: string,
  attributes: ReadonlyArray<string> = [],
): InstrumentOf<'gauge'> => ({ kind: 'gauge', name, unit, description, attributes })

/** Counted by somebody else, and looked at. */
const watchedCounter = (
  name: string,
  unit: string,
  description: string,
  attributes: ReadonlyArray<string> = [],
): InstrumentOf<'watchedCounter'> => ({ kind: 'watchedCounter', name, unit, description, attributes })

/** Every instrument of the proxy. `docs/metrics.md` says the same to people, and a test compares them. */
export const instruments = {
  serverDuration: histogram('http.server.request.duration', 'From the headers of a request to its reply.', [
    'http.request.method',
    'http.route',
    'http.response.status_code',
    'error.type',
  ]),
  clientDuration: histogram('http.client.request.duration', 'One request to Graph or to the login service.', [
    'http.request.method',
    'server.address',
    'server.port',
    'http.response.status_code',
    'error.type',
  ]),
  commitDuration: histogram(
    'device_install_state.audit.commit.duration',
    'Writing a batch of records so that it is durable.',
    ['result'],
  ),
  paceWait: histogram(
    'device_install_state.graph.pace.wait.duration',
    'How long a try waited for its turn at Graph, or until it was told that none would come in time.',
    ['result'],
  ),
  activeRequests: gauge('http.server.active_requests', '{request}', 'Requests that are being handled.'),
  outcomes: counter('device_install_state.outcomes', '{call}', 'Calls that were begun, by what became of them.', [
    'outcome',
  ]),
  failures: counter(
    'device_install_state.failures',
    '{call}',
    'Calls that were begun and not applied, by our code of why; those refused by Graph among them.',
    ['code'],
  ),
  refusals: counter(
    'device_install_state.refusals',
    '{request}',
    'Requests that were turned away before an intent was on record.',
    ['code'],
  ),
  replays: counter('device_install_state.replays', '{call}', 'Calls that were answered from the ledger.'),
  validations: counter('device_install_state.validations', '{call}', 'Calls that were only validated.'),
  records: counter('device_install_state.audit.records', '{record}', 'Records that became durable.', ['kind']),
  storeFailures: counter(
    'device_install_state.audit.store.failures',
    '{failure}',
    'Batches of records that could not be written.',
  ),
  settled: counter(
    'device_install_state.audit.settled',
    '{call}',
    'Calls of ended processes without an end on record, settled as indeterminate: at the start, and later those of other replicas.',
  ),
  auditQueue: gauge(
    'device_install_state.audit.queue',
    '{record}',
    'Records that wait to be written: `waiting` for the next batch, `owed` since the ledger failed.',
    ['state'],
  ),
  unsettled: gauge(
    'device_install_state.audit.unsettled',
    '{call}',
    'Calls of this process with an intent on record and no end yet.',
  ),
  ready: gauge('device_install_state.ready', '1', '1 if a check of /readyz is well, else 0.', ['check']),
  paceWaiting: gauge('device_install_state.graph.pace.waiting', '{call}', 'Calls that wait for their turn at Graph.'),
  paceBudget: gauge(
    'device_install_state.graph.pace.budget',
    '{call}',
    'Calls that may be sent in a window of GRAPH_PACE, as learnt when Graph throttled last.',
  ),
  atGraph: gauge('http.client.active_requests', '{request}', 'Calls that are with Graph just now.'),
  throttles: counter('device_install_state.graph.throttles', '{request}', 'Requests that Graph throttled.'),
  breakerOpenings: counter(
    'device_install_state.graph.breaker.openings',
    '{opening}',
    'How often Graph was left alone after failures in a row, by all callers or by one.',
    ['scope'],
  ),
  tokenAcquisitions: counter(
    'device_install_state.upstream.token.acquisitions',
    '{token}',
    'Tokens for Graph that were asked for, in the name of the gateway or of a user.',
    ['identity', 'result'],
  ),
  keysAge: gauge(
    'device_install_state.issuer.keys.age',
    's',
    'Since the keys of an issuer were last fetched; none before that.',
    ['issuer'],
  ),
  clockSkew: gauge(
    'device_install_state.issuer.clock.skew',
    's',
    'By how much the clock of this host is ahead of the issuer’s, when its keys were last fetched.',
  ),
  certificateLife: gauge(
    'device_install_state.tls.certificate.remaining',
    's',
    'What is left of the life of our TLS certificate.',
  ),
  drift: counter(
    'device_install_state.graph.drift',
    '{difference}',
    'Differences between Graph’s answers and its documentation.',
    ['kind'],
  ),
  alarms: counter('device_install_state.alarms', '{line}', 'Lines of the log at level 50: a person should look.'),
  eventLoopDelay: gauge('nodejs.eventloop.delay.p99', 's', 'Of the event loop, in a window of 10 seconds.'),
  eventLoopUtilization: gauge('nodejs.eventloop.utilization', '1', 'Of the event loop, in a window of 10 seconds.'),
  cpuTime: watchedCounter('process.cpu.time', 's', 'CPU time of the process.', ['cpu.mode']),
  memory: gauge('process.memory.usage', 'By', 'Resident memory of the process.'),
  uptime: gauge('process.uptime', 's', 'Since the process started.'),
}

type Instruments = typeof instruments

export type NameOf<Kind extends string> = {
  readonly [Name in keyof Instruments]: Instruments[Name] extends { readonly kind: Kind } ? Name : never
}[keyof Instruments]

export type Attributes = Readonly<Record<string, string | number>>

/** Where figures go. Nothing that is called here fails, waits, or keeps anything that was sent. */
export interface Metrics {
  readonly measure: (name: NameOf<'histogram'>, seconds: number, attributes?: Attributes) => void
  readonly count: (name: NameOf<'counter'>, attributes?: Attributes, by?: number) => void
  /** Asks for the value each time the figures are collected; undefined: there is none. */
  readonly watch: (
    name: NameOf<'gauge' | 'watchedCounter'>,
    value: () => number | undefined,
    attributes?: Attributes,
  ) => void
}

const unitsInWords: Readonly<Record<string, string>> = { s: '.seconds', By: '.bytes' }

/** OpenTelemetry's rules for Prometheus: the unit stands in the name. */
export const nameWithUnit = (name: string, unit: string): string => `${name}${unitsInWords[unit] ?? ''}`

/** What Prometheus calls an instrument. */
export const prometheusName = ({ kind, name, unit }: Pick<InstrumentOf<string>, 'kind' | 'name' | 'unit'>): string =>
  `${nameWithUnit(name, unit).replaceAll('.', '_')}${kind === 'histogram' || kind === 'gauge' ? '' : '_total'}`
