import { documentedExample } from '@device-install-state/model/fields'
import { expect } from 'vitest'
import { bookPath } from '../a-request.js'
import { type RawReply, rawExchange, recordsFor, requestText, type TestWorld } from '../a-running-proxy.js'
import type { Script } from '../scripted-server.js'

/** What caller and ledger are owed for a call that was begun, whatever became of it. */
export interface Owed {
  readonly status: number
  /** Undefined: it is an entity. */
  readonly code?: string
  readonly outcome: string
  readonly retry?: string
  readonly graphStatus?: number
  /** How often Graph saw it. */
  readonly seen?: number
}

export const applied: Owed = { status: 201, outcome: 'applied', graphStatus: 201 }

export const says =
  (...parts: ReadonlyArray<string | Buffer>): Script =>
  (socket) =>
    parts.forEach((part) => socket.write(part))
export const saysAndEnds =
  (...parts: ReadonlyArray<string | Buffer>): Script =>
  (socket) =>
    socket.end(Buffer.concat(parts.map((part) => Buffer.from(part))))

/** A call that was made, and what the ledger has of it. */
export interface Exchanged {
  readonly reply: RawReply
  readonly records: ReturnType<typeof recordsFor>
}

const tokens = new WeakMap<TestWorld, Promise<string>>()
/** A caller’s token for a world, the same each time. */
export const tokenOf = (world: TestWorld): Promise<string> => {
  const token = tokens.get(world) ?? world.token()
  tokens.set(world, token)
  return token
}

/** Makes the documented call, of a book. */
export const call = async (world: TestWorld, book: string, more: ReadonlyArray<string> = []): Promise<Exchanged> => {
  const authorization = `Bearer ${await tokenOf(world)}`
  const target = bookPath.replace('B1', book)
  const reply = await rawExchange(world.port, requestText({ authorization, target, more }))
  return { reply, records: recordsFor(world, reply) }
}

export const expectOwed = (
  { records, reply }: Exchanged,
  { code, graphStatus, outcome, retry, status }: Owed,
): void => {
  expect({ status: reply.status, code: reply.error.innerError?.['code'] }).toEqual({ status, code })
  expect(records).toHaveLength(2)
  const [intent, last] = records
  expect(intent).toMatchObject({ kind: 'intent' })
  expect({ ...last, graphStatus: last?.['graphStatus'] }).toMatchObject({ kind: 'outcome', outcome, graphStatus })
  expect(last?.['code']).toBe(code)
  expect(last?.['durationInMs']).toBeGreaterThanOrEqual(0)
  if (code === undefined) {
    expect(JSON.parse(reply.body)).toMatchObject({ id: JSON.parse(documentedExample.response).id })
    return
  }
  // The caller is told what is on record, and no more.
  expect(reply.error.innerError).toMatchObject({ outcome, retry })
  expect(reply.error.innerError?.['upstreamStatus']).toBe(graphStatus)
  expect(reply.error.innerError).not.toHaveProperty('createdId')
  expect(last).not.toHaveProperty('createdId')
}
