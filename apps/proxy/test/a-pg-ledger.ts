import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, connect, Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { expect } from 'vitest'
import type { AuditReader } from '../src/audit/audit-reader.js'
import { genesisOf, originOf, readEntry } from '../src/audit/entry-chain.js'
import type { OpenedLedger } from '../src/audit/ledger-writer.js'
import { ledgerKeys } from '../src/audit/node-ledger-keys.js'
import { newSigningKey, parseSigningRing } from '../src/audit/node-signing-ring.js'
import { openPgAuditReader } from '../src/audit/pg-audit-reader.js'
import { openPgLedgerWriter, type PgLedgerSettings } from '../src/audit/pg-ledger-writer.js'
import { spare } from './an-audit-store.js'

/** The PostgreSQL of the tests is for Linux alone. */
export const isLinux = process.platform === 'linux'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

/** All replicas have the same. */
const signingKeys = newSigningKey()

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isRight(result)) return result.right
  throw new Error(JSON.stringify(result.left))
}

const hour = 3_600_000

/** A writer of its own; intents of others are settled after an hour unless it is said otherwise. */
export const openPg = (url: string, change: Partial<PgLedgerSettings> = {}): Promise<E.Either<string, OpenedLedger>> =>
  openPgLedgerWriter(
    {
      url,
      writer: uuidv7(),
      checkpointEveryRecords: 10_000,
      settleAfterInMs: hour,
      settleEveryInMs: 0,
      spare,
      monotonicNowInMs: () => performance.now(),
      ...change,
    },
    ledgerKeys(right(parseSigningRing({ path: 'signing', text: signingKeys })), ['aaaaaaaa']),
  )

export const opened = async (url: string, change: Partial<PgLedgerSettings> = {}): Promise<OpenedLedger> =>
  right(await openPg(url, change))

export const reading = async <A>(url: string, read: (reader: AuditReader) => Promise<A>): Promise<A> => {
  const reader = right(await openPgAuditReader(url))
  try {
    return await read(reader)
  } finally {
    await reader.close()
  }
}

/** As whoever the url names. */
export const sql = async (
  url: string,
  text: string,
  values: ReadonlyArray<unknown> = [],
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Readonly<Record<string, unknown>>>(text, [...values])).rows
  } finally {
    await client.end()
  }
}

type Records = ReadonlyArray<Readonly<Record<string, unknown>>>

/** Every record of every stream, by the number of the stream, after the chains were held against themselves. */
export const provedRecords = (url: string): Promise<ReadonlyMap<number, Records>> =>
  reading(url, async (reader) => {
    const ledgerId = right(await reader.ledgerId())
    const all = new Map<number, Records>()
    for (const { first, stream } of right(await reader.streams())) {
      const entries = right(await reader.entries(stream, 1, 1_000_000)())
      let before = first === 1 ? genesisOf(sha256, originOf(ledgerId, stream)) : undefined
      for (const { entry, hash, sequence } of entries) {
        if (before !== undefined) {
          expect(readEntry(entry)?.previous).toBe(before.hash)
          expect(sequence).toBe(before.sequence + 1)
        }
        expect(sha256(entry)).toBe(hash)
        before = { sequence, hash }
      }
      all.set(
        stream,
        entries.map(({ entry }) => JSON.parse(readEntry(entry)?.record ?? 'null')),
      )
    }
    return all
  })

/** A network between a writer and the server. */
export interface Network {
  /** The url through it. */
  readonly url: string
  /** What the server answers does not arrive any more, and that the writer hangs up neither, on connections that are there. */
  readonly loseAnswers: () => void
  /** From now on, these connections are answered by another session of the server, as by a pooler. */
  readonly swap: () => Promise<() => void>
  readonly close: () => Promise<void>
}

export const aNetworkTo = async (url: string): Promise<Network> => {
  const { hostname, port } = new URL(url)
  const pairs = new Set<{ client: Socket; upstream: Socket }>()
  const answersTo = (client: Socket, upstream: Socket): void => {
    upstream.on('data', (data) => client.write(data))
    upstream.on('close', () => client.destroy())
    upstream.on('error', () => client.destroy())
  }
  const server = createServer((client) => {
    const pair = { client, upstream: connect(Number(port), hostname) }
    pairs.add(pair)
    answersTo(client, pair.upstream)
    client.on('data', (data) => pair.upstream.write(data))
    client.on('error', () => undefined)
    client.on('close', () => {
      pair.upstream.destroy()
      pairs.delete(pair)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(url)
  const address = server.address()
  through.port = String(typeof address === 'object' ? address?.port : 0)
  return {
    url: through.href,
    loseAnswers: () => {
      for (const { client, upstream } of pairs) {
        client.removeAllListeners('close')
        upstream.removeAllListeners('data')
        upstream.resume()
      }
    },
    swap: async () => {
      const socket = new Socket()
      const client = new Client({ connectionString: url, stream: () => socket })
      client.on('error', () => undefined)
      await client.connect()
      for (const pair of pairs) {
        pair.upstream.removeAllListeners('data')
        pair.upstream = socket
        socket.removeAllListeners('data')
        answersTo(pair.client, socket)
      }
      return () => socket.destroy()
    },
    close: async () => {
      for (const { client, upstream } of pairs) for (const end of [client, upstream]) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
