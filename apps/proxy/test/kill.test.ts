import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newDigestKey } from '../src/audit/node-digest-ring.js'
import { newSigningKey } from '../src/audit/node-signing-ring.js'
import {
  aProxyProcess,
  load,
  numbersFrom,
  seedOf,
  type Surroundings,
  surroundings,
  type Told,
  untilReady,
} from './a-proxy-process.js'
import { aPostgresServer, type PostgresServer } from './a-postgres-server.js'
import { type ProvedLedger, provedLedger, provedPgLedger } from './a-proved-ledger.js'
import { untruths } from './untruths.js'

const kills = Number(process.env['KILLS'] ?? 6)
/** So many kills share a ledger, each start after the first taking over what the last left. */
const killsOfALedger = 20
const callers = 24

/** A ledger that outlives the processes that write it. */
interface StoreUnderKill {
  /** A new ledger, as the environment names it, and what is in it. */
  readonly make: () => Promise<{
    readonly environment: Readonly<Record<string, string>>
    readonly read: () => Promise<ProvedLedger>
    /** Done when nothing of a killed process can be written any more, and what it left open is old enough to be settled. */
    readonly settleable: () => Promise<void>
  }>
}

const stores: ReadonlyArray<readonly [name: string, store: (around: Surroundings) => StoreUnderKill]> = [
  [
    'SQLite',
    ({ folder }) => ({
      make: () => {
        const directory = mkdtempSync(join(folder, 'ledger-'))
        return Promise.resolve({
          environment: { AUDIT_DIRECTORY: directory },
          read: () => Promise.resolve(provedLedger(directory)),
          settleable: () => Promise.resolve(),
        })
      },
    }),
  ],
  [
    'PostgreSQL',
    ({ folder }) => ({
      make: async () => {
        const url = await server.newDatabase()
        const keys = mkdtempSync(join(folder, 'keys-'))
        const [digest, signing] = [join(keys, 'digest'), join(keys, 'signing')]
        writeFileSync(digest, newDigestKey(), { mode: 0o600 })
        writeFileSync(signing, newSigningKey(), { mode: 0o600 })
        return {
          environment: { AUDIT_DATABASE_URL: url, AUDIT_DIGEST_KEY_FILE: digest, AUDIT_SIGNING_KEY_FILE: signing },
          read: () => provedPgLedger(url),
          settleable: () => aged(url),
        }
      },
    }),
  ],
]

/** Intents of a process that may only have lost its connection are settled when they are old: these are made so. */
const aged = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const others = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
    while ((await client.query(others)).rowCount !== 0) await new Promise(setImmediate)
    await client.query(`
      ALTER TABLE device_install_state_audit.record DISABLE TRIGGER no_update;
      UPDATE device_install_state_audit.record SET written_at = written_at - interval '1 day' WHERE kind = 'intent';
      ALTER TABLE device_install_state_audit.record ENABLE TRIGGER no_update`)
  } finally {
    await client.end()
  }
}

let server: PostgresServer

let around: Surroundings
beforeAll(async () => {
  ;[around, server] = await Promise.all([surroundings(), aPostgresServer()])
})
afterAll(async () => {
  await around.stop()
  await server.stop()
})

const settledIn = ({ records }: ProvedLedger): number => records.filter(({ code }) => code === 'writerEnded').length

interface Sums {
  answered: number
  replayed: number
  settled: number
}

/** Kills the proxies of one ledger, each of which takes over what the last has left. */
const killsOn = async (
  ledger: Awaited<ReturnType<StoreUnderKill['make']>>,
  { book, count, random, sums }: { book: string; count: number; random: () => number; sums: Sums },
): Promise<void> => {
  const environment = {
    ...around.environment,
    ...ledger.environment,
    AUDIT_CHECKPOINT_RECORDS: '50',
    AUDIT_UNAUTHENTICATED_PER_MINUTE: '100',
  }
  const told: Array<Told> = []
  const token = await around.token()
  let proxy = await aProxyProcess(environment)
  for (let done = 0; done < count; done++) {
    await untilReady(proxy)
    const underLoad = load(proxy, { book, token, callers })
    const answers = Math.floor(random() * 150)
    const delayInMs = random() * 5
    while (underLoad.told.length < answers) await new Promise(setImmediate)
    await new Promise((resolve) => setTimeout(resolve, delayInMs))
    proxy.kill('SIGKILL')
    await underLoad.stop()
    expect(await proxy.exited).toEqual({ code: null, signal: 'SIGKILL' })
    told.push(...underLoad.told)
    await ledger.settleable()
    const killed = await ledger.read()

    proxy = await aProxyProcess(environment)
    const after = await ledger.read()
    expect(untruths(after, told, around.graph.seen(book))).toEqual([])
    expect(after.open).toEqual([])
    expect(settledIn(after) - settledIn(killed)).toBe(killed.open.length)
    sums.settled += killed.open.length
  }
  sums.answered += told.length
  sums.replayed += told.filter(({ isReplayed }) => isReplayed).length
  expect(await proxy.stop()).toEqual({ code: 0, signal: null })

  const stopped = await ledger.read()
  proxy = await aProxyProcess(environment)
  expect(await proxy.stop()).toEqual({ code: 0, signal: null })
  const { records } = await ledger.read()
  const changes = records.slice(stopped.records.length).map(({ event, kind }) => event ?? kind)
  expect(changes).toEqual(['started', 'stopped', 'checkpoint'])
}

describe.each(stores)('proxies on %s that are killed under load', (name, storeOf) => {
  it(
    `(${String(kills)} times) what Graph heard of is on record, what callers were told is, and all has one end`,
    async () => {
      const random = numbersFrom(seedOf(`kills on ${name}`))
      const store = storeOf(around)
      const sums = { answered: 0, replayed: 0, settled: 0 }
      // Two at once, since a start leaves much of two cores idle.
      for (let done = 0; done < kills; done += 2 * killsOfALedger) {
        const left = Math.min(kills - done, 2 * killsOfALedger)
        const shares = [Math.ceil(left / 2), Math.floor(left / 2)]
        const killing = shares.map(async (count, lane) =>
          killsOn(await store.make(), { book: `${name}-${String(done)}-${String(lane)}`, count, random, sums }),
        )
        await Promise.all(killing)
      }
      process.stderr.write(
        `${String(kills)} kills: ${String(sums.answered)} calls answered, ${String(sums.replayed)} of them again, ` +
          `${String(around.graph.seen().length)} seen by Graph, ${String(sums.settled)} settled\n`,
      )
      expect(sums.replayed).toBeGreaterThan(0)
    },
    60_000 + 10_000 * kills,
  )
})
