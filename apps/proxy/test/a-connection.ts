import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect, type Socket } from 'node:net'
import { until } from './until.js'

/** One answer, read by the rules of RFC 9112: as many bytes of body as its Content-Length says. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Read {
  readonly answer: Answer
  readonly rest: string
}

const headersIn = (lines: ReadonlyArray<string>): Answer['headers'] =>
  Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )

/** The first answer in some bytes (as latin1); undefined when it is not whole. Throws when it is none. */
const firstAnswer = (text: string, isBodiless: boolean): Read | undefined => {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1])
  const headers = headersIn(lines)
  const length = isBodiless || status < 200 ? 0 : Number(headers['content-length'])
  if (Number.isNaN(status) || Number.isNaN(length)) throw new Error(`This is no answer: ${text.slice(0, 200)}`)
  const body = text.slice(end + 4, end + 4 + length)
  if (body.length < length) return undefined
  return {
    answer: { status, headers, body: Buffer.from(body, 'latin1').toString('utf8') },
    rest: text.slice(end + 4 + length),
  }
}

/** All that are whole; `100 Continue` is none. */
const answersIn = (text: string, isBodiless: boolean): ReadonlyArray<Answer> => {
  const answers: Array<Answer> = []
  let rest = text
  for (;;) {
    const read = firstAnswer(rest, isBodiless)
    if (read === undefined) return answers
    if (read.answer.status >= 200) answers.push(read.answer)
    rest = read.rest
  }
}

/** A connection over which bytes are sent as they are, and of which every byte that comes back is kept. */
export interface Connection {
  readonly socket: Socket
  /** Sends text as latin1, so that a character is a byte. */
  readonly send: (bytes: string) => void
  /** What came, as latin1. */
  readonly text: () => string
  /** Those that came whole so far. Throws when something came that is none. */
  readonly answers: () => ReadonlyArray<Answer>
  readonly statuses: () => ReadonlyArray<number>
  /** Done as well when the connection is gone before. */
  readonly answered: (count?: number) => Promise<void>
  readonly closed: () => Promise<void>
}

export interface ConnectionOptions {
  /** What is asked is HEAD, so that answers have no body. */
  readonly isBodiless?: boolean
}

/** It ends its own half when the other end has ended theirs. Rejects when there is nobody to connect to. */
export const aConnectionTo = async (
  port: number,
  { isBodiless = false }: ConnectionOptions = {},
): Promise<Connection> => {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  let text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('end', () => socket.end())
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => undefined)
  const answers = (): ReadonlyArray<Answer> => answersIn(text, isBodiless)
  return {
    socket,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    text: () => text,
    answers,
    statuses: () => answers().map(({ status }) => status),
    answered: (count = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          try {
            if (answers().length >= count) resolve()
          } catch (error) {
            reject(error)
          }
        }
        look()
        socket.on('data', look)
        void closed.then(resolve)
      }),
    closed: () => closed,
  }
}

/** Sends some bytes, waits for an answer, ends its half, and gives all that was answered until the other end was gone, too. */
export const exchangedWith = async (
  port: number,
  bytes: string | ReadonlyArray<string>,
  options: ConnectionOptions = {},
): Promise<ReadonlyArray<Answer>> => {
  const connection = await aConnectionTo(port, options)
  for (const part of typeof bytes === 'string' ? [bytes] : bytes) connection.send(part)
  await connection.answered()
  connection.socket.end()
  await connection.closed()
  return connection.answers()
}

/** What the other ends of connections have seen, where they are in this process. */
export interface OtherEnds {
  /** Done when so many bytes have come to the other end, and were looked at. */
  readonly read: (connection: Connection, count: number) => Promise<void>
  /** Ask before the connection is left. Done when the other end knows that it is gone. */
  readonly gone: (connection: Connection) => () => Promise<void>
  readonly stop: () => void
}

export const otherEnds = (): OtherEnds => {
  const byPort = new Map<number, Socket>()
  const note = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    byPort.set(socket.remotePort ?? 0, socket)
  }
  subscribe('net.server.socket', note)
  const endOf = async (port: number): Promise<Socket> => {
    await until(() => byPort.has(port))
    return byPort.get(port) as Socket
  }
  return {
    read: async ({ socket: { localPort = 0 } }, count) => {
      const socket = await endOf(localPort)
      await until(() => socket.bytesRead >= count)
    },
    gone: ({ socket: { localPort = 0 } }) => {
      return async () => {
        const socket = await endOf(localPort)
        await until(() => socket.closed)
      }
    },
    stop: () => void unsubscribe('net.server.socket', note),
  }
}
