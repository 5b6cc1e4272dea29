import * as E from 'fp-ts/lib/Either.js'
import { type Config, decodeConfig, type Environment } from '../config/index.js'
import { undiciBoundedFetch } from '../forward/undici-bounded-fetch.js'
import { connectorOf } from '../open-graph.js'
import { checkAuditStore } from './checks/check-audit-store.js'
import { checkEnvironment, checkRuntime, checkSecretFiles, checkSettings } from './checks/check-environment.js'
import {
  checkAuditDatabase,
  checkAuditDirectory,
  checkAuditKeys,
  checkCheckpointFile,
  checkCredential,
  checkExtraAuthorities,
  checkTlsFiles,
} from './checks/check-files.js'
import { checkGraph } from './checks/check-graph.js'
import { checkIssuers } from './checks/check-issuers.js'
import { checkUpstreamToken } from './checks/check-upstream-token.js'
import { bounded, type Check, checkNames, type Findings } from './checks/finding.js'
import { jsonOfFindings, tableOfFindings } from './checks/tell-findings.js'

const exitFailed = 1
// As sysexits.h has it: something is wrong with the configuration.
const exitConfig = 78

const offline = (environment: Environment, config: Config, now: Date): ReadonlyArray<Check> => [
  { name: 'settings', look: () => checkSettings(config) },
  { name: 'secretFiles', look: () => checkSecretFiles(environment) },
  { name: 'extraAuthorities', look: () => checkExtraAuthorities(environment) },
  { name: 'tlsFiles', look: () => checkTlsFiles(config.tls, now) },
  { name: 'credential', look: () => checkCredential(config.upstream, now) },
  { name: 'auditDirectory', look: () => checkAuditDirectory(config.audit) },
  { name: 'auditDatabase', look: () => checkAuditDatabase(config.audit) },
  { name: 'auditKeys', look: () => checkAuditKeys(config.audit) },
  { name: 'checkpointFile', look: () => checkCheckpointFile(config.audit) },
]

const askAround = async (config: Config, now: Date): Promise<Findings> => {
  const { close, fetch } = undiciBoundedFetch(connectorOf(config.upstream))
  const checks: ReadonlyArray<Check> = [
    { name: 'issuerKeys', look: () => checkIssuers(config, fetch) },
    { name: 'upstreamToken', look: () => checkUpstreamToken(config.upstream, fetch) },
    { name: 'graph', look: () => checkGraph(config.upstream, now) },
    { name: 'auditStore', look: () => checkAuditStore(config, now) },
  ]
  const findings = await Promise.all(checks.map((check) => bounded(check)))
  await close()
  return findings.flat()
}

const sorted = (findings: Findings): Findings =>
  findings.toSorted((one, other) => checkNames.indexOf(one.check) - checkNames.indexOf(other.check))

/** What was found, and what the process is to end with. */
export interface CheckedConfig {
  readonly findings: Findings
  readonly exitCode: number
}

/**
 * Looks at the environment and at the files that it names; `online` also at all that is asked later. Without that nothing is sent,
 * made or changed. Each check is bounded and by itself. Never rejects.
 */
export const checkConfig = async (
  { now, online }: { readonly online: boolean; readonly now: Date },
  environment: Environment,
): Promise<CheckedConfig> => {
  const runtime = checkRuntime(process.versions.node)
  const decoded = decodeConfig(environment)
  if (E.isLeft(decoded)) return { findings: [...runtime, ...checkEnvironment(decoded.left)], exitCode: exitConfig }
  const config = decoded.right
  // First, and by itself: what is made at the start is not there yet.
  const files = await Promise.all(offline(environment, config, now).map((check) => bounded(check)))
  const asked = online ? await askAround(config, now) : []
  const findings = sorted([...runtime, ...checkEnvironment([]), ...files.flat(), ...asked])
  return { findings, exitCode: findings.some(({ result }) => result === 'fail') ? exitFailed : 0 }
}

/** The command: what is to be printed, and the exit code. */
export const runCheckConfig = async (
  { json, online }: { readonly json: boolean; readonly online: boolean },
  environment: Environment,
): Promise<{ readonly text: string; readonly exitCode: number }> => {
  const now = new Date()
  const { exitCode, findings } = await checkConfig({ now, online }, environment)
  const told = { findings, online, now }
  return { exitCode, text: json ? jsonOfFindings(told) : tableOfFindings(told) }
}
