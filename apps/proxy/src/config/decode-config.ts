import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { type AuditConfig, auditOf, auditTogether } from './audit.js'
import { type CallersConfig, callersOf, callersTogether } from './callers.js'
import type { ConfigProblem, Environment, Together } from './config-problem.js'
import { likelyTypos, misleadingVariables } from './likely-typos.js'
import { fileVariableOf, type ReadSecretFile, secretVariables, withSecretFiles } from './secrets.js'
import { type TelemetryConfig, telemetryOf } from './telemetry.js'
import { type TlsConfig, tlsOf, tlsTogether } from './tls.js'
import { authorityHostOf, type UpstreamConfig, upstreamOf, upstreamTogether } from './upstream.js'
import { type LogLevel, Variables, variables } from './variables.js'

/** What the proxy runs by. Every value is already what its type says. */
export interface Config {
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly mostConnections: number
    /** Between a reply and the next request. */
    readonly keepAliveInMs: number
  }
  /** Undefined: plain HTTP. */
  readonly tls: TlsConfig | undefined
  readonly admin: { readonly host: string; readonly port: number }
  readonly callers: CallersConfig
  readonly upstream: UpstreamConfig
  readonly audit: AuditConfig
  readonly shutdown: { readonly delayInMs: number; readonly graceInMs: number }
  readonly logLevel: LogLevel
  readonly telemetry: TelemetryConfig
  readonly dangerouslyAllowPlainHttp: boolean
}

const isVariable = (name: string): name is keyof Variables => Object.hasOwn(variables, name)

const problemOf = (error: t.ValidationError, fromFiles: ReadonlyArray<string>): ConfigProblem => {
  const name = error.context[1]?.key ?? ''
  if (!isVariable(name)) return { variable: name, message: 'is not understood' }
  const { example, expectation } = variables[name].guidance
  if (fromFiles.includes(name))
    return {
      variable: fileVariableOf(name),
      message: `names a file that does not hold ${expectation}; for example: ${example}`,
    }
  return {
    variable: name,
    message:
      error.value === undefined
        ? `is not set. Set it to ${expectation}; for example: ${example}`
        : `is set, but not to ${expectation}; for example: ${example}`,
  }
}

const isLoopback = (url: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

const plainUrls = ['CALLER_ISSUER', 'CALLER_GATEWAY_URL', 'GRAPH_URL'] as const

/** Plain HTTP shows tokens and secrets to the network, so it is for this machine alone, and only when asked for. */
const httpsWhereItMatters: ReadonlyArray<Together<Variables>> = [
  {
    reads: [...plainUrls, 'DANGEROUSLY_ALLOW_PLAIN_HTTP'],
    problems: (decoded) =>
      plainUrls
        .filter((name) => {
          const url = decoded[name] ?? ''
          return url.startsWith('http:') && !(decoded.DANGEROUSLY_ALLOW_PLAIN_HTTP && isLoopback(url))
        })
        .map((variable) => ({
          variable,
          message:
            'is an http:// URL. Use https://; http:// is taken for loopback addresses alone, with DANGEROUSLY_ALLOW_PLAIN_HTTP=true',
        })),
  },
  {
    reads: ['AZURE_AUTHORITY_HOST'],
    problems: ({ AZURE_AUTHORITY_HOST: url }) =>
      url?.startsWith('http:') === true
        ? [{ variable: 'AZURE_AUTHORITY_HOST', message: 'is an http:// URL. Use https://: secrets are sent there' }]
        : [],
  },
]

const together = [...httpsWhereItMatters, ...auditTogether, ...callersTogether, ...tlsTogether, ...upstreamTogether]

const configOf = (decoded: Variables, upstream: UpstreamConfig): Config => ({
  listen: {
    host: decoded.HOST,
    port: decoded.PORT,
    mostConnections: decoded.CALLER_MAX_CONNECTIONS,
    keepAliveInMs: decoded.CALLER_KEEP_ALIVE_SECONDS * 1_000,
  },
  tls: tlsOf(decoded),
  admin: { host: decoded.ADMIN_HOST, port: decoded.ADMIN_PORT },
  callers: callersOf(decoded, authorityHostOf(decoded)),
  upstream,
  audit: auditOf(decoded),
  shutdown: { delayInMs: decoded.SHUTDOWN_DELAY_MS, graceInMs: decoded.SHUTDOWN_GRACE_MS },
  logLevel: decoded.LOG_LEVEL,
  telemetry: telemetryOf(decoded),
  dangerouslyAllowPlainHttp: decoded.DANGEROUSLY_ALLOW_PLAIN_HTTP,
})

/** The environment with what is wrong by itself made right, so that the rest of it can be looked at. */
const mended = (environment: Environment, wrong: ReadonlyArray<string>): Environment => ({
  ...environment,
  ...Object.fromEntries(wrong.map((name) => [name, isVariable(name) ? variables[name].guidance.example : undefined])),
})

const problemsTogether = (decoded: Variables, wrong: ReadonlyArray<string>): ReadonlyArray<ConfigProblem> =>
  together
    .filter(({ reads }) => !reads.some((name) => wrong.includes(name)))
    .flatMap(({ problems }) => problems(decoded))

/** Other software reads these in lower case, too, and first, as curl does; so they are set in either. */
const withProxyAliases = (environment: Environment): Environment => ({
  ...environment,
  HTTPS_PROXY: environment['https_proxy'] ?? environment['HTTPS_PROXY'],
  NO_PROXY: environment['no_proxy'] ?? environment['NO_PROXY'],
})

const known = [...Object.keys(variables), ...secretVariables.map(fileVariableOf)]

/** Decodes the environment. Left holds every problem, each with its variable, what is expected, and an example. */
export const decodeConfigWith =
  (read: ReadSecretFile) =>
  (given: Environment): E.Either<ReadonlyArray<ConfigProblem>, Config> => {
    const { environment, fromFiles, problems: ofFiles } = withSecretFiles(read, withProxyAliases(given))
    const decoded = Variables.decode(environment)
    const alone = E.isLeft(decoded) ? decoded.left : []
    const wrong = alone.map(({ context }) => context[1]?.key ?? '')
    const readable = E.isLeft(decoded) ? Variables.decode(mended(environment, wrong)) : decoded
    const problems = [
      ...alone.map((error) => problemOf(error, fromFiles)),
      ...ofFiles,
      ...(E.isRight(readable) ? problemsTogether(readable.right, wrong) : []),
      ...likelyTypos(environment, known),
      ...misleadingVariables(environment),
    ]
    const upstream = E.isRight(decoded) ? upstreamOf(decoded.right) : undefined
    return problems.length === 0 && E.isRight(decoded) && upstream !== undefined
      ? E.right(configOf(decoded.right, upstream))
      : E.left(problems)
  }
