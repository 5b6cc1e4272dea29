import { setTimeout as wait } from 'node:timers/promises'
import type { AuditReader, StoredEntry } from '../audit/audit-reader.js'
import type { AuditCommand } from './command.js'
import { WrongUsage } from './command-errors.js'
import { printRecords } from './print-records.js'
import { readOrThrow } from './read-or-throw.js'

const usage = `usage: device-install-state-audit tail [--lines N] [--follow] [OPTIONS]

Prints the newest records, the oldest of them first.

  --lines N, -n N     how many; 10 unless given, at most 10,000
  --follow, -f        then goes on, each second, with what is written meanwhile, until Ctrl-C

With --json, each record as it is: {"stream", "sequence", "record"}.`

const everyInMs = 1_000
const readAtOnce = 1_000

const byTime = (one: StoredEntry, other: StoredEntry): number =>
  one.at < other.at ? -1 : one.at > other.at ? 1 : one.sequence - other.sequence

const linesOf = (text: unknown): number => {
  if (text === undefined) return 10
  const lines = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(lines <= 10_000)) throw new WrongUsage('--lines is a number from 0 to 10,000.')
  return lines
}

const newest = async (reader: AuditReader, lines: number): Promise<ReadonlyArray<StoredEntry>> => {
  const found: Array<StoredEntry> = []
  for (const { first, last, stream } of await readOrThrow(reader.streams))
    if (lines > 0) found.push(...(await readOrThrow(reader.entries(stream, Math.max(first, last - lines + 1), lines))))
  return lines === 0 ? [] : found.sort(byTime).slice(-lines)
}

/** What came after what was seen of each stream; moves that on. */
const newer = async (reader: AuditReader, seen: Map<number, number>): Promise<ReadonlyArray<StoredEntry>> => {
  const found: Array<StoredEntry> = []
  for (const { last, stream } of await readOrThrow(reader.streams)) {
    const from = (seen.get(stream) ?? 0) + 1
    if (from > last) continue
    const entries = await readOrThrow(reader.entries(stream, from, readAtOnce))
    found.push(...entries)
    // In a damaged file the order may lead back.
    seen.set(stream, Math.max(from, entries.at(-1)?.sequence ?? last))
  }
  return found.sort(byTime)
}

export const tailCommand = (watchInterruption: () => () => boolean): AuditCommand => ({
  name: 'tail',
  summary: 'the newest records',
  usage,
  options: { lines: { type: 'string', short: 'n' }, follow: { type: 'boolean', short: 'f' } },
  run: async (context) => {
    if (context.positionals.length > 0) throw new WrongUsage('tail takes no arguments but its options.')
    const lines = linesOf(context.values['lines'])
    const reader = await context.openReader()
    const follows = context.values['follow'] === true
    const seen = new Map((await readOrThrow(reader.streams)).map(({ last, stream }) => [stream, last] as const))
    const first = await newest(reader, lines)
    for (const { sequence, stream } of first) seen.set(stream, Math.max(sequence, seen.get(stream) ?? 0))
    let leftOut = await printRecords(context, first, true)
    const isInterrupted = follows ? watchInterruption() : () => true
    while (!isInterrupted()) {
      const more = await newer(reader, seen)
      leftOut += await printRecords(context, more, true)
      if (more.length === 0) await wait(everyInMs)
    }
    if (leftOut > 0) return 3
    return first.length === 0 && !follows ? 1 : 0
  },
})
