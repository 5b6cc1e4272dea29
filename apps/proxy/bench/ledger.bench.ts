// How many calls the ledger takes, and what a long one costs. A call is an intent and, when that is durable, its outcome.
//
// Writing: by 1, 64 and 512 callers at once, on SQLite and PostgreSQL, beside a loop that inserts texts of the same length
// in batches of as many rows into a bare SQLite table with the same guarantees (WAL, synchronous=FULL): no queue, no thread,
// no chain, no index. A long ledger: what is appended to it, beside a short one in the same rounds; finding; verifying.
//
// `node bench/ledger.bench.ts [records of the long ledger, 1000000 unless given]` prints tables and writes ledger.md.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { findCalls } from '../dist/audit/find-calls.js'
import type { Query } from '../dist/audit/query.js'
import { readQuery } from '../dist/audit/read-query.js'
import { openSqliteAuditReader } from '../dist/audit/sqlite-audit-reader.js'
import { aPostgresServer } from '../test/a-postgres-server.ts'
import { books, callers, type Figures, intentOf, load, outcomeOf, pgStore, sqliteStore } from './ledger-load.ts'

const long = Number(process.argv[2] ?? 1_000_000)
const rounds = 5
const lines: Array<string> = []
const print = (text: string): void => {
  lines.push(text)
  process.stdout.write(`${text}\n`)
}
const note = (text: string): void => void process.stderr.write(`${text}\n`)

const directories: Array<string> = []
const aDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-bench-'))
  directories.push(directory)
  return directory
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

const thousands = (count: number): string => Math.round(count).toLocaleString('en')

/** Pairs of rows a second. */
const bare = (writers: number, pairs: number): number => {
  const database = new DatabaseSync(join(aDirectory(), 'bare.sqlite'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE record (sequence INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT',
  )
  const insert = database.prepare('INSERT INTO record (entry) VALUES (?)')
  const rows = Array.from({ length: 1_000 }, (_, n) => [
    JSON.stringify(intentOf('x', n)),
    JSON.stringify(outcomeOf('x')),
  ]).flat()
  const began = performance.now()
  for (let written = 0; written < 2 * pairs; written += writers) {
    database.exec('BEGIN IMMEDIATE')
    for (let row = 0; row < writers; row++) insert.run(rows[(written + row) % rows.length] ?? '')
    database.exec('COMMIT')
  }
  const elapsedInMs = performance.now() - began
  database.close()
  return (1_000 * pairs) / elapsedInMs
}

const cell = ({ p50InMs, p99InMs, pairsASecond }: Figures): string =>
  `${thousands(pairsASecond)} (${p50InMs.toFixed(1)} ms, ${p99InMs.toFixed(1)} ms)`

const middleOf = (all: ReadonlyArray<Figures>): Figures =>
  all.toSorted((one, other) => one.pairsASecond - other.pairsASecond)[Math.floor(all.length / 2)] ?? {
    pairsASecond: 0,
    p50InMs: 0,
    p99InMs: 0,
    cpuAPairInUs: 0,
  }

const measureWriting = async (): Promise<void> => {
  const server = await aPostgresServer()
  try {
    print(
      '| Callers at once | SQLite: calls a second (p50, p99 of a record) | CPU a call | PostgreSQL | bare SQLite loop | SQLite to bare |',
    )
    print('| ---: | ---: | ---: | ---: | ---: | ---: |')
    for (const writers of [1, 64, 512]) {
      const pairs = writers === 1 ? 2_000 : 30_000
      const [sqlite, postgres, rival]: [Array<Figures>, Array<Figures>, Array<number>] = [[], [], []]
      for (let round = 0; round < 3; round++) {
        rival.push(bare(writers, pairs))
        const store = await sqliteStore(aDirectory())
        sqlite.push(await load(store, writers, pairs))
        await store.close()
        const other = await pgStore(await server.newDatabase())
        postgres.push(await load(other, writers, Math.ceil(pairs / 2)))
        await other.close()
        note(`writing, ${String(writers)} callers, round ${String(round + 1)} of 3`)
      }
      const own = middleOf(sqlite)
      print(
        `| ${String(writers)} | ${cell(own)} | ${own.cpuAPairInUs.toFixed(0)} µs | ${cell(middleOf(postgres))} | ${thousands(median(rival))} | ${(own.pairsASecond / median(rival)).toFixed(2)} |`,
      )
    }
  } finally {
    await server.stop()
  }
}

const timeOfFind = async (directory: string, query: Query): Promise<string> => {
  const opened = openSqliteAuditReader(directory)
  if (opened._tag === 'Left') throw new Error(opened.left.message)
  const times: Array<number> = []
  let found = 0
  for (let turn = 0; turn < 15; turn++) {
    const began = performance.now()
    const page = await findCalls(opened.right)(query, { limit: 20, mostLookedAt: 50_000 })()
    times.push(performance.now() - began)
    if (page._tag === 'Left') throw new Error(JSON.stringify(page.left))
    found = page.right.found.length
  }
  await opened.right.close()
  return `${(times[0] ?? 0).toFixed(1)} ms, then ${median(times.slice(1)).toFixed(1)} ms (${String(found)} found)`
}

const queryOf = (pairs: ReadonlyArray<readonly [string, string]>): Query => {
  const query = readQuery({ now: new Date(), digestsOf: () => [] })(pairs)
  if (query._tag === 'Left') throw new Error(JSON.stringify(query.left))
  return query.right
}

const measureLong = async (): Promise<void> => {
  const [longOne, shortOne] = [aDirectory(), aDirectory()]
  const [longStore, shortStore] = [await sqliteStore(longOne), await sqliteStore(shortOne)]
  await load(shortStore, 512, 5_000)
  for (let built = 0; built < long / 2; built += 250_000) {
    await load(longStore, 512, Math.min(250_000, long / 2 - built))
    note(`${thousands(2 * (built + 250_000))} records`)
  }
  const [inLong, inShort]: [Array<number>, Array<number>] = [[], []]
  for (let round = 0; round < rounds; round++) {
    inShort.push((await load(shortStore, 64, 10_000)).pairsASecond)
    inLong.push((await load(longStore, 64, 10_000)).pairsASecond)
  }
  const ratios = inLong.map((speed, round) => speed / (inShort[round] ?? Number.NaN))
  print(`\n| A ledger of ${thousands(long)} records | |`)
  print('| --- | ---: |')
  print(
    `| calls a second, 64 at once, beside a ledger that began with 10,000 records | ${thousands(median(inLong))} and ${thousands(median(inShort))}: ${median(ratios).toFixed(2)} |`,
  )
  await longStore.close()
  await shortStore.close()
  const began = performance.now()
  await (await sqliteStore(longOne)).close()
  print(`| opening it and closing it | ${(performance.now() - began).toFixed(0)} ms |`)

  const database = new DatabaseSync(join(longOne, 'audit.sqlite'), { readOnly: true })
  const some = database.prepare(
    "SELECT entry ->> '$.record' AS record FROM record WHERE sequence >= ? AND kind = ? LIMIT 1",
  )
  const middle = (kind: string): string => String(some.get(Math.floor(long / 2), kind)?.['record'])
  const intent: { readonly at: string; readonly fields: { readonly deviceId: string } } = JSON.parse(middle('intent'))
  const outcome: { readonly createdId: string } = JSON.parse(middle('outcome'))
  database.close()
  const questions: ReadonlyArray<readonly [string, Query]> = [
    ['a device', queryOf([['deviceId', intent.fields.deviceId]])],
    ['a created id', queryOf([['createdId', outcome.createdId]])],
    ['a caller', queryOf([['caller', callers[7] ?? '']])],
    ['a book', queryOf([['book', books[7] ?? '']])],
    ['an outcome', queryOf([['outcome', 'applied']])],
    [
      'a caller and a book',
      queryOf([
        ['caller', callers[7] ?? ''],
        ['book', books[7] ?? ''],
      ]),
    ],
    ['a device that is not there', queryOf([['deviceId', 'hmac-sha256:0a1b2c3d:nothing']])],
    [
      'a caller, until the middle',
      queryOf([
        ['caller', callers[7] ?? ''],
        ['until', intent.at],
      ]),
    ],
  ]
  for (const [name, query] of questions)
    print(`| finding ${name}: the first time, then | ${await timeOfFind(longOne, query)} |`)

  const cli = fileURLToPath(new URL('../dist/cli/audit.js', import.meta.url))
  const start = performance.now()
  const report: { streams: ReadonlyArray<{ count: number }>; verdict: string } = JSON.parse(
    execFileSync(process.execPath, [cli, 'verify', '--json', '--directory', longOne], {
      encoding: 'utf8',
      maxBuffer: 1e8,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const elapsedInMs = performance.now() - start
  const { count } = report.streams[0] ?? { count: 0 }
  print(
    `| \`audit verify\`, the process and all: ${report.verdict} | ${thousands((1_000 * count) / elapsedInMs)} records a second |`,
  )
}

try {
  await measureWriting()
  await measureLong()
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores, ${platform()} ${arch()}, Node ${process.version}`
  writeFileSync(
    new URL('ledger.md', import.meta.url),
    `# What the audit ledger costs\n\nMade by \`node bench/ledger.bench.ts ${String(long)}\`; medians of interleaved rounds. A call is two durable records.\n\n${lines.join('\n')}\n\n${machine}.\n`,
  )
} finally {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
}
