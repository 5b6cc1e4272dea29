import * as E from 'fp-ts/lib/Either.js'
import { readSecretFile } from '../config/node-secret-file.js'
import type { CommandContext } from './command.js'
import { CannotRead, WrongUsage } from './command-errors.js'

/** Where a ledger is. */
export type LedgerPlace =
  | { readonly kind: 'sqlite'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string }

const set = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** The URL of the database holds a password, and may be in a file, as for the proxy. */
const databaseIn = (environment: CommandContext['environment']): string | undefined => {
  const [url, path] = [set(environment['AUDIT_DATABASE_URL']), set(environment['AUDIT_DATABASE_URL_FILE'])]
  if (url !== undefined || path === undefined) return url
  const found = readSecretFile(path)
  if (E.isLeft(found)) throw new CannotRead(`AUDIT_DATABASE_URL_FILE ${found.left}.`)
  return found.right
}

/** By the options, else by the environment, as the proxy reads it. Throws `WrongUsage` where neither tells. */
export const ledgerPlace = ({ environment, values }: Pick<CommandContext, 'environment' | 'values'>): LedgerPlace => {
  const [directory, url] = [set(values['directory']), set(values['database'])]
  if (directory !== undefined && url !== undefined)
    throw new WrongUsage('There is one ledger: give --directory or --database, not both.')
  if (directory !== undefined) return { kind: 'sqlite', directory }
  const database = url ?? databaseIn(environment)
  if (database !== undefined) return { kind: 'postgres', url: database }
  const folder = set(environment['AUDIT_DIRECTORY'])
  if (folder !== undefined) return { kind: 'sqlite', directory: folder }
  throw new WrongUsage(
    'Which ledger? Give --directory FOLDER, or set AUDIT_DIRECTORY, AUDIT_DATABASE_URL or AUDIT_DATABASE_URL_FILE.',
  )
}
