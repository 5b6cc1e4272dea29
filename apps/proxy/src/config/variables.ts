import { graphVersions } from '@device-install-state/model/operations'
import * as t from 'io-ts'
import {
  flag,
  guid,
  httpUrlText,
  integerBetween,
  nonEmpty,
  oneOf,
  origin,
  port,
  scopeToken,
  someOf,
  Variable,
} from './variable.js'

export type LogLevel = (typeof logLevels)[number]
const logLevels = ['debug', 'info', 'warn', 'error'] as const

const variable = <A>(codec: t.Type<A, string>, expectation: string, example: string, fallback?: string): Variable<A> =>
  new Variable(codec, { expectation, example, ...(fallback === undefined ? {} : { fallback }) })

/** Every setting of the proxy. `docs/configuration.md` says the same to people, and a test compares them. */
export const variables = {
  PORT: variable(port, 'a port from 0 to 65535; 0 takes any that is free', '8080', '8080'),
  HOST: variable(nonEmpty, 'the address to listen on', '127.0.0.1', '0.0.0.0'),
  ADMIN_PORT: variable(port, 'a port from 0 to 65535, for /livez and /readyz', '8081', '8081'),
  ADMIN_HOST: variable(nonEmpty, 'the address to listen on for /livez and /readyz', '127.0.0.1', '0.0.0.0'),
  CALLER_ISSUER: variable(
    httpUrlText,
    'the issuer of the callers’ tokens, letter by letter as in their claim iss',
    'https://login.microsoftonline.com/00000000-0000-4000-8000-000000000001/v2.0',
  ),
  CALLER_AUDIENCE: variable(
    nonEmpty,
    'the one audience (claim aud) that the callers’ tokens must have',
    '00000000-0000-4000-8000-000000000002',
  ),
  CALLER_PERMISSION: variable(
    scopeToken,
    'the scope (users) or role (applications) that the callers’ tokens must have, in ASCII without blanks and quotes',
    'DeviceInstallStates.Create',
    'DeviceManagementApps.ReadWrite.All',
  ),
  AZURE_AUTHORITY_HOST: variable(
    origin,
    'the origin of the login service',
    'https://login.microsoftonline.us',
    'https://login.microsoftonline.com',
  ),
  AZURE_TENANT_ID: variable(
    guid,
    'the id (GUID) of the tenant whose books are meant',
    '00000000-0000-4000-8000-000000000001',
  ),
  AZURE_CLIENT_ID: variable(
    guid,
    'the client id (GUID) of the gateway’s own application',
    '00000000-0000-4000-8000-000000000003',
  ),
  AZURE_CLIENT_SECRET: variable(
    nonEmpty,
    'the client secret of the gateway’s own application, without blanks or line ends around it',
    'a-secret-from-your-vault',
  ),
  GRAPH_URL: variable(origin, 'the origin of Graph', 'https://graph.microsoft.us', 'https://graph.microsoft.com'),
  GRAPH_VERSIONS: variable(
    someOf(graphVersions),
    'the versions of Graph to serve: v1.0, beta, or both with a comma between',
    'v1.0',
    'v1.0,beta',
  ),
  UPSTREAM_DEADLINE_MS: variable(
    integerBetween(100, 120_000),
    'milliseconds from 100 to 120000 for the whole call to Graph',
    '25000',
    '25000',
  ),
  AUDIT_DIRECTORY: variable(
    nonEmpty,
    'the folder of the audit ledger, on a disk that stays',
    '/var/lib/device-install-state/audit',
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
  DANGEROUSLY_ALLOW_PLAIN_HTTP: variable(
    flag,
    'true or false; true lets issuer, login service and Graph be http:// on a loopback address, for tests',
    'false',
    'false',
  ),
}

/** The environment as a whole: decoding it finds every problem at once. */
export const Variables = t.type(variables, 'Environment')
export type Variables = t.TypeOf<typeof Variables>
