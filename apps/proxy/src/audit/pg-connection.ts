import { Socket } from 'node:net'
import { Client, DatabaseError } from 'pg'
import type { PgTarget } from './pg-target.js'

export type PgRow = Readonly<Record<string, unknown>>

export interface PgStatement {
  readonly text: string
  /** Prepared under this name: one text for each. */
  readonly name?: string
  readonly values?: ReadonlyArray<unknown>
}

interface PgAnswer {
  readonly command: string
  readonly rows: ReadonlyArray<PgRow>
}

/**
 * The database is not there, or not yet: no host of that name, nobody listening, no answer in time, hung up on; starting, stopping, out of
 * connections, a standby that may become the primary. SQLSTATE classes 08, 53 and 57.
 */
const away =
  /^(?:E(?:AI_AGAIN|CONNABORTED|CONNREFUSED|CONNRESET|HOSTDOWN|HOSTUNREACH|NETDOWN|NETUNREACH|NOTFOUND|PIPE|TIMEDOUT)|(?:08|53|57)...|25006)$/

/** What the database said no to, or that it is gone. Its message has no value of any row. */
export class PgRefusal extends Error {
  /** SQLSTATE, where the database spoke; else what the system calls it, if anything. */
  readonly code: string | undefined
  readonly constraint: string | undefined
  constructor(message: string, code?: string, constraint?: string) {
    super(message)
    this.code = code
    this.constraint = constraint
  }

  /** It may pass by itself, without anyone changing a setting. */
  get isAway(): boolean {
    return this.code !== undefined && away.test(this.code)
  }
}

/** One session with a database. Statements run one after the other. Methods reject with a `PgRefusal`. */
export interface PgConnection {
  readonly ask: (statement: PgStatement) => Promise<ReadonlyArray<PgRow>>
  /** Sent at once. Gives an answer or a refusal for each. */
  readonly together: (statements: ReadonlyArray<PgStatement>) => Promise<ReadonlyArray<PromiseSettledResult<PgAnswer>>>
  /** The same with another deadline. */
  readonly within: (deadlineInMs: number) => PgConnection
  /** Why it can no more be used. */
  readonly lost: () => string | undefined
  /** Ends it at once: what is under way may or may not happen. */
  readonly drop: (why: string) => void
  readonly end: () => Promise<void>
}

const socketMessage = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return socketMessage(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

/** The driver has no code for a server that hangs up on it, nor we for one that we have waited for long enough. */
const codeOf = (error: unknown, lost: string | undefined): string | undefined => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return lost !== undefined || socketMessage(error).startsWith('Connection terminated') ? 'ECONNRESET' : undefined
}

// Class 22, data exceptions, quotes the data.
const refusalOf = (error: unknown, lost: string | undefined): PgRefusal =>
  error instanceof DatabaseError
    ? new PgRefusal(
        error.code?.startsWith('22') === true ? `error ${error.code}` : error.message,
        error.code,
        error.constraint,
      )
    : new PgRefusal(lost ?? socketMessage(error), codeOf(error, lost))

/**
 * Connects. No answer within the deadline, to this or to any statement, ends the connection: what was asked may still be
 * done, and only another connection can tell.
 */
export const connectPg = async ({ config }: PgTarget, deadlineInMs: number): Promise<PgConnection> => {
  const socket = new Socket()
  const client = new Client({ ...config(), stream: () => socket })
  let lost: string | undefined

  const drop = (why: string): void => {
    lost ??= why
    socket.destroy()
  }
  client.on('error', (error: Error) => drop(socketMessage(error)))
  client.on('end', () => drop('the connection was closed'))

  const intime = async <A>(limitInMs: number, work: () => Promise<A>): Promise<A> => {
    const timer = setTimeout(() => drop(`it gave no answer within ${String(limitInMs)} ms`), limitInMs)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
    }
  }

  const query = async ({ name, text, values }: PgStatement): Promise<PgAnswer> => {
    try {
      const { command, rows } = await client.query<PgRow>({
        text,
        ...(name === undefined ? {} : { name }),
        ...(values === undefined ? {} : { values: [...values] }),
      })
      return { command, rows }
    } catch (error) {
      throw refusalOf(error, lost)
    }
  }

  const on = (limitInMs: number): PgConnection => ({
    ask: async (statement) => (await intime(limitInMs, () => query(statement))).rows,
    together: (statements) => intime(limitInMs, () => Promise.allSettled(statements.map(query))),
    within: on,
    lost: () => lost,
    drop,
    end: async () => {
      if (lost === undefined) await intime(limitInMs, () => client.end())
    },
  })

  try {
    await intime(deadlineInMs, () => client.connect())
    return on(deadlineInMs)
  } catch (error) {
    socket.destroy()
    throw refusalOf(error, lost)
  }
}
