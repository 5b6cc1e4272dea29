import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { AuditReader, LedgerUnreadable } from '../audit/audit-reader.js'
import { csvHeader, csvLineOf } from '../audit/csv-call.js'
import { entryJson } from '../audit/entry-json.js'
import { type CursorUnusable, findCalls, type FoundCall } from '../audit/find-calls.js'
import { ocsfEventOf } from '../audit/ocsf-event.js'
import type { Query } from '../audit/query.js'
import type { AuditCommand, CommandContext } from './command.js'
import { searchIn, searchOptions, searchUsage } from './search-options.js'

const usage = `usage: device-install-state-audit export --format FORMAT [OPTIONS]

Writes what is in the ledger to stdout, as it stands when it is read.

  --format FORMAT              jsonl: whole entries, a JSON line each: stream, sequence, hash, entry.
                               The hash is SHA-256, in base64, of the text of entry.
                               ocsf: an event a call, a JSON line each: OCSF 1.8, API Activity (6003)
                               csv: a line a call, RFC 4180. A cell that a spreadsheet would take
                               for a formula begins with an apostrophe.

With jsonl and no option below, the whole ledger is written, stream by stream, oldest first, checkpoints
and all, so that the chain can be followed. Otherwise calls are written, newest first.

${searchUsage}`

const pageSize = 500

type Unwritten = LedgerUnreadable | CursorUnusable

const versionIn = (packageJson: unknown): string =>
  typeof packageJson === 'object' && packageJson !== null && 'version' in packageJson
    ? String(packageJson.version)
    : '0'

const ownVersion = (): string =>
  versionIn(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))

interface Format {
  readonly header: string
  readonly textOf: (found: FoundCall) => string
}

const formatNamed = (name: string | boolean | undefined): Format | undefined => {
  switch (name) {
    case 'jsonl':
      return { header: '', textOf: ({ entries }) => entries.map((entry) => `${entryJson(entry)}\n`).join('') }
    case 'ocsf': {
      const eventOf = ocsfEventOf(ownVersion())
      return { header: '', textOf: (found) => `${JSON.stringify(eventOf(found))}\n` }
    }
    case 'csv':
      return { header: csvHeader, textOf: ({ call }) => csvLineOf(call) }
    default:
      return undefined
  }
}

const isOfEverything = ({ auditId, conditions, since, until }: Query): boolean =>
  auditId === undefined && conditions.length === 0 && since === undefined && until === undefined

/** Tells from time to time how much is done. */
const counter = ({ progress }: CommandContext, what: string): ((more: number) => void) => {
  let done = 0
  return (more) => {
    done += more
    progress(`${String(done)} ${what} written`)
  }
}

const writeCalls = async (
  context: CommandContext,
  reader: AuditReader,
  query: Query,
  { header, textOf }: Format,
): Promise<E.Either<Unwritten, void>> => {
  const find = findCalls(reader)
  const count = counter(context, 'calls')
  let cursor: string | undefined
  if (header !== '') await context.out(header)
  do {
    const page = await find(query, {
      limit: pageSize,
      mostLookedAt: 50_000,
      ...(cursor === undefined ? {} : { cursor }),
    })()
    if (E.isLeft(page)) return page
    await context.out(page.right.found.map(textOf).join(''))
    count(page.right.found.length)
    cursor = page.right.cursor
  } while (cursor !== undefined)
  return E.right(undefined)
}

const writeStreams = async (context: CommandContext, reader: AuditReader): Promise<E.Either<Unwritten, void>> => {
  const streams = await reader.streams()
  if (E.isLeft(streams)) return streams
  const count = counter(context, 'entries')
  for (const { first, last, stream } of streams.right) {
    for (let from = first; from <= last; ) {
      const entries = await reader.entries(stream, from, pageSize)()
      if (E.isLeft(entries)) return entries
      const inTime = entries.right.filter(({ sequence }) => sequence <= last)
      if (inTime.length === 0) break
      await context.out(inTime.map((entry) => `${entryJson(entry)}\n`).join(''))
      count(inTime.length)
      const reached = inTime.at(-1)?.sequence ?? last
      if (reached < from)
        return E.left({
          _tag: 'LedgerUnreadable',
          message: `The order of its records leads back to record ${String(reached)}: the file is damaged. See what "verify" says of it.`,
        })
      from = reached + 1
    }
  }
  return E.right(undefined)
}

const run = async (context: CommandContext): Promise<number> => {
  const { err, openReader, positionals, values } = context
  if (positionals.length > 0) {
    err('export takes options alone.\n')
    return 64
  }
  const format = formatNamed(values['format'])
  const query = await searchIn(context)
  if (E.isLeft(query) || format === undefined) {
    err(E.isLeft(query) ? `${query.left}\n` : '--format must be one of jsonl, ocsf, csv.\n')
    return 64
  }
  const reader = await openReader()
  const written =
    values['format'] === 'jsonl' && isOfEverything(query.right)
      ? await writeStreams(context, reader)
      : await writeCalls(context, reader, query.right, format)
  if (E.isRight(written)) return 0
  err(
    written.left._tag === 'LedgerUnreadable'
      ? `The ledger cannot be read. ${written.left.message}\n`
      : 'The ledger changed while it was read: its keys are others now. Begin anew.\n',
  )
  return 2
}

/** `audit export` */
export const exportCommand: AuditCommand = {
  name: 'export',
  summary: 'write calls, or the whole ledger, as JSON Lines, OCSF or CSV',
  usage,
  options: { ...searchOptions, format: { type: 'string' } },
  run,
}
