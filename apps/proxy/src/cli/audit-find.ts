import * as E from 'fp-ts/lib/Either.js'
import type { AuditedCall } from '../audit/audited-call.js'
import { findCalls, type FoundPage } from '../audit/find-calls.js'
import type { AuditCommand, CommandContext } from './command.js'
import { countIn, searchIn, searchOptions, searchUsage } from './search-options.js'

const mostLookedAt = 50_000
const mostFound = 10_000

const usage = `usage: device-install-state-audit find [OPTIONS]

Prints calls, newest first: when, what came of it, its Audit-Id, and below it by whom and what for. Refusals that were
only counted, when there were too many, are no calls and not found.

With --json, each call as one object; last {"cursor": …} if there is more.

${searchUsage}

how many:
  --limit N                    20 unless it is given, at most ${String(mostFound)}
  --cursor CURSOR              go on where another search with the same options ended

At most ${String(mostLookedAt)} calls are looked at; when that was not enough, it says so, and how to go on.`

// What a caller chose may hold what a terminal would obey.
const printable = (text: string): string => text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')

const width = 100

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

const resultOf = ({ code, graphStatus, kind, outcome, status }: AuditedCall): string => {
  const what = kind === 'call' ? (outcome ?? 'open') : kind
  const more = [code ?? '', code === undefined ? String(graphStatus ?? status ?? '') : '']
  return [what, ...more.filter((text) => text !== '')].join(' ')
}

const whoAndWhat = ({ caller, claimedFor, createdId, ids, peer, replayOf, version }: AuditedCall): string =>
  [
    caller === undefined ? 'caller unknown' : `${caller.kind} ${caller.objectId}`,
    ...(ids?.['managedEBookId'] === undefined ? [] : [`book ${ids['managedEBookId']}`]),
    ...(ids?.['userInstallStateSummaryId'] === undefined ? [] : [`user summary ${ids['userInstallStateSummaryId']}`]),
    ...(createdId === undefined ? [] : [`created ${createdId}`]),
    ...(replayOf === undefined ? [] : [`replay of ${replayOf}`]),
    ...(version === undefined ? [] : [version]),
    ...(peer === undefined || peer === ''
      ? []
      : [`from ${claimedFor === undefined ? peer : `${claimedFor} by ${peer}`}`]),
  ].join(', ')

/** Two lines a call, each at most 100 characters wide. */
const tableLines = (call: AuditedCall): string => {
  const first = `${printable(call.at)}  ${cut(printable(resultOf(call)), 36).padEnd(36)}  ${printable(call.auditId)}`
  return `${first}\n  ${cut(printable(whoAndWhat(call)), width - 2)}\n`
}

const printed = ({ cursor, found }: FoundPage, asJson: boolean): string => {
  if (!asJson) return found.map(({ call }) => tableLines(call)).join('')
  const lines = found.map(({ call }): object => call)
  return [...lines, ...(cursor === undefined ? [] : [{ cursor }])].map((line) => `${JSON.stringify(line)}\n`).join('')
}

const more = ({ cursor, isCutShort, lookedAt }: FoundPage): string => {
  if (cursor === undefined) return ''
  return isCutShort
    ? `${String(lookedAt)} calls were looked at; there may be more. Go on with --cursor ${cursor}\n`
    : `There may be more: --cursor ${cursor}\n`
}

const run = async (context: CommandContext): Promise<number> => {
  const { err, openReader, out, positionals, values } = context
  if (positionals.length > 0) {
    err('find takes options alone.\n')
    return 64
  }
  const limit = countIn(String(values['limit'] ?? '20'), mostFound)
  const query = await searchIn(context)
  if (E.isLeft(query) || limit === undefined) {
    err(E.isLeft(query) ? `${query.left}\n` : `--limit must be a number from 1 to ${String(mostFound)}.\n`)
    return 64
  }
  const { cursor } = values
  const page = await findCalls(await openReader())(query.right, {
    limit,
    mostLookedAt,
    ...(typeof cursor === 'string' ? { cursor } : {}),
  })()
  if (E.isLeft(page)) {
    if (page.left._tag === 'CursorUnusable') {
      err('--cursor is none of this search: give the same options as before, or leave it out.\n')
      return 64
    }
    err(`The ledger cannot be read. ${page.left.message}\n`)
    return 2
  }
  const asJson = values['json'] === true
  await out(printed(page.right, asJson))
  if (!asJson) err(page.right.found.length === 0 ? `Nothing was found.\n${more(page.right)}` : more(page.right))
  return page.right.found.length === 0 ? 1 : 0
}

/** `audit find` */
export const findCommand: AuditCommand = {
  name: 'find',
  summary: 'find calls by who, what, when, and what came of it',
  usage,
  options: { ...searchOptions, limit: { type: 'string' }, cursor: { type: 'string' } },
  run,
}
