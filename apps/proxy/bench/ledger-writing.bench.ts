// How many calls the ledger takes, an intent and, when that is durable, its outcome, by 1, 64 and 512 callers at once, on
// SQLite and PostgreSQL, beside a loop that inserts texts of the same length in batches of as many rows into a bare SQLite
// table with the same guarantees (WAL, synchronous=FULL): no queue, no thread, no chain, no index.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { aPostgresServer } from '../test/a-postgres-server.ts'
import { aDirectory, measured, median, note, thousands } from './ledger-bench.ts'
import { type Figures, intentOf, load, outcomeOf, pgStore, sqliteStore } from './ledger-load.ts'

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

const measureWriting = async (print: (line: string) => void): Promise<void> => {
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

await measured(
  {
    command: 'node bench/ledger-writing.bench.ts',
    file: 'ledger-writing.md',
    title: 'What writing to the ledger costs',
  },
  measureWriting,
)
