// What a long ledger costs: what is appended to it, beside a short one in the same rounds; finding; verifying.
// `node bench/ledger-long.bench.ts [records, 1000000 unless given]`
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { findCalls } from '../dist/audit/find-calls.js'
import type { Query } from '../dist/audit/query.js'
import { readQuery } from '../dist/audit/read-query.js'
import { openSqliteAuditReader } from '../dist/audit/sqlite-audit-reader.js'
import { aDirectory, measured, median, note, thousands } from './ledger-bench.ts'
import { books, callers, load, sqliteStore } from './ledger-load.ts'

const long = Number(process.argv[2] ?? 1_000_000)
const rounds = 5

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

const measureLong = async (print: (line: string) => void): Promise<void> => {
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
  print(`| A ledger of ${thousands(long)} records | |`)
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

await measured(
  {
    command: `node bench/ledger-long.bench.ts ${String(long)}`,
    file: 'ledger-long.md',
    title: 'What a long ledger costs',
  },
  measureLong,
)
