import type { ParseArgsConfig } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import { digestRing } from '../audit/node-digest-ring.js'
import type { Query } from '../audit/query.js'
import { type DigestsOf, hiddenQueryNames, queryNames, readQuery } from '../audit/read-query.js'
import type { CommandContext } from './command.js'

/** `deviceName` is `--device-name`. */
const optionOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const flags: ReadonlySet<string> = new Set(['calls', 'refusals'])

/** What the searching commands have in common. */
export const searchOptions: NonNullable<ParseArgsConfig['options']> = {
  ...Object.fromEntries(
    queryNames.map((name) => [optionOf(name), { type: flags.has(name) ? 'boolean' : 'string' }] as const),
  ),
  'key-file': { type: 'string' },
}

export const searchUsage = `which calls (all that is given must hold):
  --audit-id ID                the call with this Audit-Id
  --caller ID                  object id of the user or application (in the token: oid, else sub)
  --caller-kind KIND           application or user
  --tenant ID                  tenant of the caller
  --app ID                     client id of the calling application
  --operation NAME             createManagedEBookDeviceState or createUserStateSummaryDeviceState
  --version VERSION            v1.0 or beta
  --book ID                    id of the managed eBook in the path
  --user-summary ID            id of the userInstallStateSummary in the path
  --outcome OUTCOME            applied, refused, notSent, indeterminate, or open (no end on record)
  --code CODE                  our name of what went wrong, as in docs/status-codes.md; validatedOnly of
                               calls that were only validated
  --graph-request-id ID        request-id of Graph's answer
  --created-id ID              id of what Graph created
  --client-request-id ID       client-request-id that the caller sent
  --peer ADDRESS               address of the other end of the connection, or the one it claimed
  --idempotency-key DIGEST     as it stands in a record
  --since TIME, --until TIME   2026-11-23T12:00:00Z, a day (2026-11-23, in UTC), or ago: 90m, 24h, 7d, 2w
  --refusals                   only requests that were turned away
  --calls                      only calls that were not

values in the body:
  --device-id, --device-name, --user-name, --id, --install-state, --last-sync-date-time,
  --error-code, --os-version, --os-description
    The ledger has digests of most of them, so that the key is needed: from the ledger's folder,
    or --key-file PATH, or AUDIT_DIGEST_KEY_FILE. A digest from a record may be given, too.
    What is typed stays in the shell's history: with - in its place the value is read from stdin.`

const textIn = (value: string | boolean | undefined): string | undefined => {
  if (value === undefined || value === false) return undefined
  return value === true ? 'true' : value
}

const asked = ({ values }: CommandContext): ReadonlyArray<readonly [name: string, value: string]> =>
  queryNames.flatMap((name) => {
    const text = textIn(values[optionOf(name)])
    return text === undefined ? [] : [[name, text] as const]
  })

const longestInput = 8 * 1024

const firstLine = async (): Promise<string> => {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.includes('\n') || text.length > longestInput) break
  }
  return text.split(/\r?\n/, 1)[0] ?? ''
}

/** A dash stands for a line of stdin. */
const withInput = async (
  pairs: ReturnType<typeof asked>,
  readLine: () => Promise<string>,
): Promise<E.Either<string, ReturnType<typeof asked>>> => {
  const dashes = pairs.filter(([name, value]) => value === '-' && hiddenQueryNames.includes(name))
  if (dashes.length > 1) return E.left('only one value can be read from stdin')
  if (dashes.length === 0) return E.right(pairs)
  const line = await readLine()
  return E.right(pairs.map(([name, value]) => [name, dashes.some(([dash]) => dash === name) ? line : value]))
}

/** The folder of a ledger has its key, too; a database has none. */
const folderIn = ({ environment, values }: Pick<CommandContext, 'environment' | 'values'>): string | undefined => {
  const directory = textIn(values['directory'])
  const isDatabase = (textIn(values['database']) ?? environment['AUDIT_DATABASE_URL']) !== undefined
  return directory ?? (isDatabase ? undefined : environment['AUDIT_DIRECTORY'])
}

/** Undefined when no key is needed. */
const digestsFor = (
  { environment, values }: CommandContext,
  pairs: ReturnType<typeof asked>,
): E.Either<string, DigestsOf | undefined> => {
  if (!pairs.some(([name]) => hiddenQueryNames.includes(name))) return E.right(undefined)
  const path = textIn(values['key-file']) ?? environment['AUDIT_DIGEST_KEY_FILE']
  const folder = folderIn({ environment, values })
  if (path === undefined && folder === undefined)
    return E.left(
      'The ledger has digests of such values, and their key is not known. Give --key-file, or set AUDIT_DIGEST_KEY_FILE.',
    )
  const ring = digestRing(
    path === undefined ? { kind: 'ownFile', folder: folder ?? '', mayBeMade: false } : { kind: 'given', path },
  )
  return E.isLeft(ring)
    ? E.left(`The ledger has digests of such values, and their key cannot be used: ${ring.left}.`)
    : E.right(ring.right.digestsOf)
}

/** What is asked for on the command line. Left is told to the person who typed it; it holds no value. */
export const searchIn = async (
  context: CommandContext,
  readLine: () => Promise<string> = firstLine,
): Promise<E.Either<string, Query>> => {
  const pairs = await withInput(asked(context), readLine)
  if (E.isLeft(pairs)) return pairs
  const digestsOf = digestsFor(context, pairs.right)
  if (E.isLeft(digestsOf)) return digestsOf
  const query = readQuery({ now: context.now(), digestsOf: digestsOf.right })(pairs.right)
  return E.isLeft(query)
    ? E.left(query.left.map(({ message, name }) => `--${optionOf(name)} ${message}.`).join('\n'))
    : query
}

/** A count in some bounds; undefined when it is none. */
export const countIn = (text: string, most: number): number | undefined => {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= most ? count : undefined
}
