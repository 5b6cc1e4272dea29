import { statSync } from 'node:fs'
import type { Config, ConfigProblem, Environment } from '../../config/index.js'
import { fileVariableOf, secretVariables } from '../../config/secrets.js'
import { hasKnownHoles } from '../../node-known-holes.js'
import type { Finding, Findings } from './finding.js'

/** By `process.versions.node`. That it is 24 at least was seen before anything of this was loaded. */
export const checkRuntime = (node: string): Findings => [
  hasKnownHoles(node)
    ? {
        check: 'runtime',
        result: 'warn',
        what: `Node ${node} has holes that are known and closed in a later one of its line`,
        toDo: 'run the gateway with Node 24.22.1 or later',
      }
    : { check: 'runtime', result: 'ok', what: `Node ${node}` },
]

export const checkEnvironment = (problems: ReadonlyArray<ConfigProblem>): Findings =>
  problems.length === 0
    ? [{ check: 'environment', result: 'ok', what: 'every variable is understood' }]
    : problems.map(({ message, variable }) => ({
        check: 'environment',
        result: 'fail',
        about: variable,
        what: message,
      }))

/** Settings that may be meant, but not everywhere. */
export const checkSettings = ({ audit, dangerouslyAllowPlainHttp }: Config): Findings => [
  ...(dangerouslyAllowPlainHttp
    ? [
        {
          check: 'settings' as const,
          result: 'warn' as const,
          about: 'DANGEROUSLY_ALLOW_PLAIN_HTTP',
          what: 'is on: tokens and secrets may travel unencrypted',
          toDo: 'leave it unset, but for tests',
        },
      ]
    : []),
  ...(audit.fields.personal === 'clear'
    ? [
        {
          check: 'settings' as const,
          result: 'warn' as const,
          about: 'AUDIT_PERSONAL_FIELDS',
          what: 'is clear: names of people stand in the audit ledger as they are',
          toDo: 'leave it unset, unless you may keep them',
        },
      ]
    : []),
]

const isOpen = (path: string): boolean => process.platform !== 'win32' && (statSync(path).mode & 0o007) !== 0

/** Secrets that were read from files, when the environment was decoded. */
export const checkSecretFiles = (environment: Environment): Findings =>
  secretVariables.map(fileVariableOf).flatMap((variable): ReadonlyArray<Finding> => {
    const path = environment[variable] ?? ''
    if (path === '') return []
    return [
      isOpen(path)
        ? {
            check: 'secretFiles',
            result: 'warn',
            about: variable,
            what: 'its file can be used by everybody on this host',
            toDo: 'take the rights of others away: mode 0440, or `defaultMode: 0440` for a Kubernetes secret',
          }
        : { check: 'secretFiles', result: 'ok', about: variable, what: 'its file was read' },
    ]
  })
