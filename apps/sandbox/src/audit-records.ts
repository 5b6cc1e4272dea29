import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseJson } from './json.js'
import { proxyPrograms } from './proxy-programs.js'

/** The arguments of Node that print what the ledger holds of a call. */
export const auditCommand = (directory: string, auditId: string): ReadonlyArray<string> => [
  proxyPrograms.audit,
  'show',
  auditId,
  '--directory',
  directory,
]

/**
 * What the ledger holds of a call, in order, as the proxy's own command line prints it; the proxy may run meanwhile.
 * Rejects, with the words of the command, when that is nothing.
 */
export const auditRecordsOf = async (
  directory: string,
  auditId: string,
  signal: AbortSignal,
): Promise<ReadonlyArray<unknown>> => {
  const args = [...auditCommand(directory, auditId), '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: {}, signal })
  return stdout.trimEnd().split('\n').map(parseJson)
}
