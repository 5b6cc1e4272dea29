import type { CommandContext } from './command.js'
import { WrongUsage } from './command-errors.js'

/** Where a ledger is. */
export type LedgerPlace =
  | { readonly kind: 'sqlite'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string }

const set = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** By the options, else by the environment, as the proxy reads it. Throws `WrongUsage` where neither tells. */
export const ledgerPlace = ({ environment, values }: Pick<CommandContext, 'environment' | 'values'>): LedgerPlace => {
  const [directory, url] = [set(values['directory']), set(values['database'])]
  if (directory !== undefined && url !== undefined)
    throw new WrongUsage('There is one ledger: give --directory or --database, not both.')
  if (directory !== undefined) return { kind: 'sqlite', directory }
  const database = url ?? set(environment['AUDIT_DATABASE_URL'])
  if (database !== undefined) return { kind: 'postgres', url: database }
  const folder = set(environment['AUDIT_DIRECTORY'])
  if (folder !== undefined) return { kind: 'sqlite', directory: folder }
  throw new WrongUsage('Which ledger? Give --directory FOLDER, or set AUDIT_DIRECTORY or AUDIT_DATABASE_URL.')
}
