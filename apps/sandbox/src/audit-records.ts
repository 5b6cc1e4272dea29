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

/** What a command of the audit ledger prints, and its exit code; the proxy may run meanwhile. */
export const auditSays = async (
  directory: string,
  args: ReadonlyArray<string>,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly text: string }> => {
  try {
    const all = [proxyPrograms.audit, ...args, '--directory', directory]
    const { stdout } = await promisify(execFile)(process.execPath, all, { env: {}, signal })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout = '' }: { readonly code?: unknown; readonly stdout?: unknown } =
      typeof error === 'object' && error !== null ? error : {}
    if (typeof code !== 'number') throw error
    return { code, text: String(stdout) }
  }
}

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
