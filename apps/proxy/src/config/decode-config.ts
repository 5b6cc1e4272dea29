import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import type { ConfigProblem, Environment } from './config-problem.js'
import { likelyTypos } from './likely-typos.js'
import { type LogLevel, Variables, variables } from './variables.js'

/** What the proxy runs by. Every value is already what its type says. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  readonly admin: { readonly host: string; readonly port: number }
  readonly callers: {
    readonly issuer: string
    readonly audience: string
    readonly permission: string
    /** The tenant that the issuer names, as Entra's do. */
    readonly tenantId: string | undefined
  }
  readonly upstream: {
    readonly graphUrl: string
    readonly graphVersions: Variables['GRAPH_VERSIONS']
    readonly tokenEndpoint: string
    readonly clientId: string
    readonly clientSecret: string
    readonly deadlineInMs: number
  }
  readonly auditDirectory: string
  readonly shutdown: { readonly delayInMs: number; readonly graceInMs: number }
  readonly logLevel: LogLevel
  readonly dangerouslyAllowPlainHttp: boolean
}

const isVariable = (name: string): name is keyof Variables => Object.hasOwn(variables, name)

const problemOf = (error: t.ValidationError): ConfigProblem => {
  const name = error.context[1]?.key ?? ''
  if (!isVariable(name)) return { variable: name, message: 'is not understood' }
  const { example, expectation } = variables[name].guidance
  return {
    variable: name,
    message:
      error.value === undefined
        ? `is not set. Set it to ${expectation}; for example: ${example}`
        : `is set, but not to ${expectation}; for example: ${example}`,
  }
}

const isLoopback = (url: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

/** Plain HTTP shows tokens and secrets to the network, so it is for this machine alone, and only when asked for. */
const plainHttpProblems = (decoded: Variables): ReadonlyArray<ConfigProblem> =>
  (['CALLER_ISSUER', 'AZURE_AUTHORITY_HOST', 'GRAPH_URL'] as const)
    .filter((name) => decoded[name].startsWith('http:'))
    .filter((name) => !decoded.DANGEROUSLY_ALLOW_PLAIN_HTTP || !isLoopback(decoded[name]))
    .map((variable) => ({
      variable,
      message:
        'is an http:// URL. Use https://; http:// is taken for loopback addresses alone, with DANGEROUSLY_ALLOW_PLAIN_HTTP=true',
    }))

const configOf = (decoded: Variables): Config => ({
  listen: { host: decoded.HOST, port: decoded.PORT },
  admin: { host: decoded.ADMIN_HOST, port: decoded.ADMIN_PORT },
  callers: {
    issuer: decoded.CALLER_ISSUER,
    audience: decoded.CALLER_AUDIENCE,
    permission: decoded.CALLER_PERMISSION,
    tenantId: /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(decoded.CALLER_ISSUER)?.[0],
  },
  upstream: {
    graphUrl: decoded.GRAPH_URL,
    graphVersions: decoded.GRAPH_VERSIONS,
    tokenEndpoint: `${decoded.AZURE_AUTHORITY_HOST}/${decoded.AZURE_TENANT_ID}/oauth2/v2.0/token`,
    clientId: decoded.AZURE_CLIENT_ID,
    clientSecret: decoded.AZURE_CLIENT_SECRET,
    deadlineInMs: decoded.UPSTREAM_DEADLINE_MS,
  },
  auditDirectory: decoded.AUDIT_DIRECTORY,
  shutdown: { delayInMs: decoded.SHUTDOWN_DELAY_MS, graceInMs: decoded.SHUTDOWN_GRACE_MS },
  logLevel: decoded.LOG_LEVEL,
  dangerouslyAllowPlainHttp: decoded.DANGEROUSLY_ALLOW_PLAIN_HTTP,
})

/** Decodes the environment. Left holds every problem, each with its variable, what is expected, and an example. */
export const decodeConfig = (environment: Environment): E.Either<ReadonlyArray<ConfigProblem>, Config> => {
  const typos = likelyTypos(environment, Object.keys(variables))
  const decoded = Variables.decode(environment)
  if (E.isLeft(decoded)) return E.left([...decoded.left.map(problemOf), ...typos])
  const problems = [...plainHttpProblems(decoded.right), ...typos]
  return problems.length === 0 ? E.right(configOf(decoded.right)) : E.left(problems)
}
