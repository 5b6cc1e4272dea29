import { graphVersions } from '@device-install-state/model/operations'
import * as t from 'io-ts'
import { cloudNames } from './clouds.js'
import { addressRange } from './node-address-range.js'
import {
  appId,
  flag,
  guid,
  headerList,
  httpUrlText,
  integerBetween,
  listOf,
  nonEmpty,
  oneOf,
  optional,
  origin,
  port,
  postgresUrl,
  proxyUrl,
  rate,
  resourceAttributes,
  scopeToken,
  share,
  someOf,
  Variable,
} from './variable.js'

export type LogLevel = (typeof logLevels)[number]
const logLevels = ['debug', 'info', 'warn', 'error'] as const

// RFC 7518 §3.1 and RFC 8037, without the symmetric ones: whoever can check those can forge them.
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const fieldForms = ['hmac', 'clear', 'omit'] as const

const driftPolicies = ['warn', 'enforce'] as const

const upstreamAuths = ['app', 'on-behalf-of', 'by-caller'] as const
const credentials = ['client-secret', 'certificate', 'workload-identity', 'managed-identity'] as const

export type TracesSampler = (typeof tracesSamplers)[number]
/** OpenTelemetry's names, but for those that ask somebody else. */
const tracesSamplers = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const

const variable = <A>(codec: t.Type<A, string>, expectation: string, example: string, fallback?: string): Variable<A> =>
  new Variable(codec, { expectation, example, ...(fallback === undefined ? {} : { fallback }) })

const maybe = <A>(codec: t.Type<A, string>, expectation: string, example: string): Variable<A | undefined> =>
  optional(codec, { expectation, example })

/** Every setting of the proxy. `docs/configuration.md` says the same to people, and a test compares them. */
export const variables = {
  PORT: variable(port, 'a port from 0 to 65535; 0 takes any that is free', '8080', '8080'),
  HOST: variable(nonEmpty, 'the address to listen on', '127.0.0.1', '0.0.0.0'),
  ADMIN_PORT: variable(port, 'a port from 0 to 65535, for /livez and /readyz', '8081', '8081'),
  ADMIN_HOST: variable(nonEmpty, 'the address to listen on for /livez and /readyz', '127.0.0.1', '0.0.0.0'),
  CALLER_AUDIENCE: variable(
    listOf(appId),
    'the audience (claim aud) that the callers’ tokens must have, or several with commas between',
    '00000000-0000-4000-8000-000000000002',
  ),
  CALLER_TENANT_IDS: maybe(
    listOf(guid),
    'the ids (GUIDs) of the Entra tenants whose tokens are taken, with commas between',
    '00000000-0000-4000-8000-000000000001',
  ),
  CALLER_TOKEN_VERSIONS: maybe(
    someOf(['1.0', '2.0'] as const),
    'the versions of Entra’s tokens that are taken: 2.0, 1.0, or both with a comma between',
    '1.0,2.0',
  ),
  CALLER_ISSUER: maybe(
    httpUrlText,
    'the issuer of the callers’ tokens, letter by letter as in their claim iss, if it is not Entra',
    'https://issuer.example.com/realms/devices',
  ),
  CALLER_SCOPE: variable(
    scopeToken,
    'the scope that users’ tokens must have, in ASCII without blanks and quotes',
    'DeviceInstallStates.Create',
    'DeviceManagementApps.ReadWrite.All',
  ),
  CALLER_ROLE: variable(
    scopeToken,
    'the role that applications’ tokens must have, in ASCII without blanks and quotes',
    'DeviceInstallStates.Create.All',
    'DeviceManagementApps.ReadWrite.All',
  ),
  CALLER_APP_IDS: maybe(
    listOf(appId),
    'the client ids of the applications that may call, with commas between',
    '00000000-0000-4000-8000-000000000005,00000000-0000-4000-8000-000000000006',
  ),
  CALLER_ALGORITHMS: variable(
    someOf(algorithms),
    `the signature algorithms that are taken, with commas between: ${algorithms.join(', ')}`,
    'RS256,ES256',
    'RS256',
  ),
  CALLER_TOKEN_TYPES: variable(
    someOf(['JWT', 'at+jwt'] as const),
    'the types (header typ) of token that are taken: JWT, at+jwt, or both with a comma between',
    'at+jwt',
    'JWT',
  ),
  CALLER_TOKEN_LIFETIME_MINUTES: variable(
    integerBetween(1, 10_080),
    'minutes from 1 to 10080 that a token may live at most (claims exp − iat)',
    '90',
    '1680',
  ),
  CALLER_RATE_LIMIT: maybe(rate, 'how many calls one caller may make in how many seconds', '100/20s'),
  CALLER_RATE_BY: variable(
    oneOf(['caller', 'application'] as const),
    'caller, or application: who shares the calls of CALLER_RATE_LIMIT, and a turn at GRAPH_PACE',
    'application',
    'caller',
  ),
  CALLER_GATEWAY_URL: maybe(
    origin,
    'the origin by which callers reach the gateway',
    'https://install-states.example.com',
  ),
  CALLER_TRUSTED_PROXIES: maybe(
    listOf(addressRange),
    'the IP addresses, or ranges of them (CIDR, from /1), of the proxies whose X-Forwarded-For is read, with commas between; IPv4 is written as IPv4',
    '10.1.0.0/16,2001:db8:1::/48,192.0.2.7',
  ),
  CALLER_KEEP_ALIVE_SECONDS: variable(
    integerBetween(1, 600),
    'seconds from 1 to 600 that a connection is kept open between a reply and the next request: more than the balancer keeps it',
    '65',
    '5',
  ),
  CALLER_MAX_CONNECTIONS: variable(
    integerBetween(1, 1_000_000),
    'a count from 1 to 1000000: how many connections may be open at once; more are closed as they come',
    '16384',
    '16384',
  ),
  TLS_CERTIFICATE_FILE: maybe(
    nonEmpty,
    'the path of a PEM file with the certificate that callers are shown, and the chain behind it',
    '/run/secrets/gateway-tls.crt',
  ),
  TLS_KEY_FILE: maybe(
    nonEmpty,
    'the path of a PEM file with the private key of TLS_CERTIFICATE_FILE',
    '/run/secrets/gateway-tls.key',
  ),
  TLS_CLIENT_CA_FILE: maybe(
    nonEmpty,
    'the path of a PEM file with the certificates of the authorities that must have signed those of clients',
    '/run/secrets/mesh-ca.crt',
  ),
  ADMIN_TLS: variable(flag, 'true or false; true shows the certificate on the admin port, too', 'true', 'false'),
  GRAPH_CLOUD: variable(oneOf(cloudNames), `one of ${cloudNames.join(', ')}`, 'usgov', 'global'),
  GRAPH_URL: maybe(origin, 'the origin of Graph', 'https://graph.microsoft.us'),
  GRAPH_VERSIONS: variable(
    someOf(graphVersions),
    'the versions of Graph to serve: v1.0, beta, or both with a comma between',
    'v1.0',
    'v1.0,beta',
  ),
  GRAPH_PACE: variable(rate, 'how many calls may be sent to Graph in how many seconds', '50/20s', '100/20s'),
  GRAPH_CONCURRENCY: variable(
    integerBetween(1, 1_000),
    'a count from 1 to 1000: how many calls may be with Graph at once',
    '64',
    '64',
  ),
  GRAPH_BREAKER_FAILURES: variable(
    integerBetween(0, 10_000),
    'a count from 0 to 10000: after how many failures in a row Graph is left alone for a while; 0: never',
    '20',
    '20',
  ),
  GRAPH_DRIFT: variable(
    oneOf(driftPolicies),
    'warn or enforce: whether what Graph answers beyond its contract is passed on',
    'enforce',
    'warn',
  ),
  HTTPS_PROXY: maybe(
    proxyUrl,
    'the URL of the proxy through which Graph and the login service are reached',
    'http://proxy.example.com:3128',
  ),
  NO_PROXY: maybe(
    nonEmpty,
    'the hosts that are reached without HTTPS_PROXY, with commas between',
    'login.example.com,.internal.example.com',
  ),
  AZURE_AUTHORITY_HOST: maybe(origin, 'the origin of the login service', 'https://login.microsoftonline.us'),
  AZURE_TENANT_ID: variable(
    guid,
    'the id (GUID) of the tenant whose books are meant',
    '00000000-0000-4000-8000-000000000001',
  ),
  AZURE_CLIENT_ID: maybe(
    guid,
    'the client id (GUID) of the gateway’s own application',
    '00000000-0000-4000-8000-000000000003',
  ),
  UPSTREAM_AUTH: variable(
    oneOf(upstreamAuths),
    `one of ${upstreamAuths.join(', ')}: in whose name Graph is called`,
    'on-behalf-of',
    'app',
  ),
  UPSTREAM_CREDENTIAL: maybe(
    oneOf(credentials),
    `one of ${credentials.join(', ')}: how the gateway proves itself`,
    'managed-identity',
  ),
  AZURE_CLIENT_SECRET: maybe(
    nonEmpty,
    'the client secret of the gateway’s own application, without blanks or line ends around it',
    'a-secret-from-your-vault',
  ),
  AZURE_CLIENT_CERTIFICATE_PATH: maybe(
    nonEmpty,
    'the path of a PEM file with the certificate and the private key of the gateway’s own application',
    '/run/secrets/gateway.pem',
  ),
  AZURE_CLIENT_CERTIFICATE_PASSWORD: maybe(
    nonEmpty,
    'the password of the private key in AZURE_CLIENT_CERTIFICATE_PATH',
    'a-password-from-your-vault',
  ),
  AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: variable(
    flag,
    'true or false; true sends the certificate along, for trust by subject name and issuer',
    'true',
    'false',
  ),
  AZURE_FEDERATED_TOKEN_FILE: maybe(
    nonEmpty,
    'the path of the file with the token of the workload that the gateway’s application trusts',
    '/var/run/secrets/azure/tokens/azure-identity-token',
  ),
  UPSTREAM_IDENTITY_CLIENT_ID: maybe(
    guid,
    'the client id (GUID) of the user-assigned managed identity, where AZURE_CLIENT_ID is the application’s',
    '00000000-0000-4000-8000-000000000004',
  ),
  UPSTREAM_DEADLINE_MS: variable(
    integerBetween(100, 120_000),
    'milliseconds from 100 to 120000 for the whole call to Graph',
    '25000',
    '25000',
  ),
  AUDIT_DIRECTORY: maybe(
    nonEmpty,
    'the folder of the audit ledger, on a disk that stays',
    '/var/lib/device-install-state/audit',
  ),
  AUDIT_DATABASE_URL: maybe(
    postgresUrl,
    'the URL of a PostgreSQL database, postgres://user:password@host/database',
    'postgres://audit:a-password-from-your-vault@db.example.com/audit?sslmode=verify-full',
  ),
  AUDIT_DIGEST_KEY_FILE: maybe(
    nonEmpty,
    'the path of a file with the keys of the ledger’s digests, the newest first',
    '/run/secrets/audit-digest.key',
  ),
  AUDIT_SIGNING_KEY_FILE: maybe(
    nonEmpty,
    'the path of a PEM file with the keys that sign checkpoints, the newest first',
    '/run/secrets/audit-signing.key',
  ),
  AUDIT_CHECKPOINT_RECORDS: variable(
    integerBetween(1, 1_000_000),
    'a count from 1 to 1000000: after how many records a checkpoint is signed',
    '10000',
    '10000',
  ),
  AUDIT_CHECKPOINT_SECONDS: variable(
    integerBetween(1, 86_400),
    'seconds from 1 to 86400: after how long a checkpoint is signed, if there is anything new',
    '60',
    '60',
  ),
  AUDIT_CHECKPOINT_FILE: maybe(
    nonEmpty,
    'the path of a file to which each checkpoint is appended, best on another disk',
    '/mnt/witness/checkpoints.txt',
  ),
  AUDIT_RETENTION_DAYS: maybe(integerBetween(2, 36_500), 'days from 2 to 36500 that records are kept', '400'),
  AUDIT_RESERVE_MB: variable(
    integerBetween(0, 1_000_000),
    'MiB from 0 to 1000000: with less free on the disk of the ledger, no new calls are taken',
    '64',
    '64',
  ),
  AUDIT_IDENTIFIER_FIELDS: variable(
    oneOf(fieldForms),
    'hmac, clear or omit: how identifiers of a body stand in the ledger',
    'clear',
    'hmac',
  ),
  AUDIT_PERSONAL_FIELDS: variable(
    oneOf(fieldForms),
    'hmac, clear or omit: how personal values of a body stand in the ledger',
    'omit',
    'hmac',
  ),
  AUDIT_TEXT_FIELDS: variable(
    oneOf(fieldForms),
    'hmac, clear or omit: how other texts of a body stand in the ledger',
    'clear',
    'hmac',
  ),
  AUDIT_UNAUTHENTICATED_PER_MINUTE: variable(
    integerBetween(0, 1_000_000),
    'how many refusals a minute of callers that proved nothing have a record each, from 0 to 1000000; more are counted',
    '100',
    '600',
  ),
  AUDIT_READER_ROLE: maybe(
    scopeToken,
    'the scope (users) or role (applications) that auditors’ tokens must have to ask the admin port for what is in the ledger',
    'DeviceInstallStates.Audit',
  ),
  SHUTDOWN_DELAY_MS: variable(
    integerBetween(0, 120_000),
    'milliseconds from 0 to 120000 to go on serving after SIGTERM, while balancers take note',
    '5000',
    '5000',
  ),
  SHUTDOWN_GRACE_MS: variable(
    integerBetween(0, 600_000),
    'milliseconds from 0 to 600000 for calls in flight to end after that',
    '30000',
    '30000',
  ),
  LOG_LEVEL: variable(oneOf(logLevels), `one of ${logLevels.join(', ')}`, 'info', 'info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: maybe(
    httpUrlText,
    'the URL of an OpenTelemetry collector that takes OTLP over HTTP; metrics and traces are sent there',
    'http://otel-collector.observability:4318',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: maybe(
    headerList,
    'headers for the collector, name=value with commas between',
    'Authorization=Bearer%20a-token-from-your-vault',
  ),
  OTEL_METRIC_EXPORT_INTERVAL: variable(
    integerBetween(100, 3_600_000),
    'milliseconds from 100 to 3600000 between one sending of metrics and the next',
    '60000',
    '60000',
  ),
  OTEL_TRACES_SAMPLER: variable(
    oneOf(tracesSamplers),
    `one of ${tracesSamplers.join(', ')}: which traces are sent`,
    'parentbased_traceidratio',
    'parentbased_always_on',
  ),
  OTEL_TRACES_SAMPLER_ARG: variable(share, 'a share from 0 to 1, for samplers by traceidratio', '0.1', '1'),
  OTEL_SERVICE_NAME: variable(
    nonEmpty,
    'the name of the service in metrics and traces',
    'install-states',
    'device-install-state-proxy',
  ),
  OTEL_RESOURCE_ATTRIBUTES: maybe(
    resourceAttributes,
    'what else metrics and traces say of the service, name=value with commas between',
    'deployment.environment.name=production,service.namespace=devices',
  ),
  DANGEROUSLY_ALLOW_PLAIN_HTTP: variable(
    flag,
    'true or false; true lets CALLER_ISSUER, CALLER_GATEWAY_URL and GRAPH_URL be http:// on a loopback address, for tests',
    'false',
    'false',
  ),
}

/** The environment as a whole: decoding it finds every problem at once. */
export const Variables = t.type(variables, 'Environment')
export type Variables = t.TypeOf<typeof Variables>
