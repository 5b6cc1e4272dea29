import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { documentedExample } from '@device-install-state/model/fields'
import { finiteRequestsIn } from './finite-language.js'
import { httpResponse } from './scripted-server.js'

/** All the ways in which a call to Graph may fail, each as it is seen from Graph's side. */
export const graphFaults = [
  'refuses connections for a while',
  'resets as soon as something comes',
  'resets when all is there',
  'closes when all is there',
  'answers nothing',
  'answers the head alone',
  'is cut off in its answer',
  'answers no HTTP',
  'answers no JSON',
  'answers half an entity',
  '401',
  '403',
  '404',
  '409',
  '500',
  '502',
  '503',
  '504',
  'redirects',
  'says another client-request-id',
  'drips its answer',
  'closes after a good answer',
] as const

/** Those that let all others wait, so that few of them are enough. */
export const graphThrottles = ['429', '429 without Retry-After', '503 with Retry-After', '509'] as const

export type GraphFault = (typeof graphFaults)[number] | (typeof graphThrottles)[number]

/** What Graph said to a request, as far as it said anything. */
interface Said {
  readonly status: number | undefined
  /** Graph is sure that nothing was done. */
  readonly isRefusal: boolean
}

export interface FaultyGraph {
  readonly url: string
  /** Each call that bytes came of, by the id that it was sent with: what was said to each of its requests. */
  readonly seen: ReadonlyMap<string, ReadonlyArray<Said>>
  /** What must not be: in words. */
  readonly breaches: ReadonlyArray<string>
  readonly count: (fault: GraphFault) => number
  /** Ends all connections. */
  readonly hangUp: () => void
  readonly forget: () => void
  readonly stop: () => Promise<void>
}

/** What is written to answer a request, and what becomes of the connection. */
interface Answering extends Said {
  readonly bytes: string
  readonly after?: 'end' | 'reset'
}

const json = { 'Content-Type': 'application/json' }
const errorBody = JSON.stringify({ error: { code: 'UnknownError', message: '' } })

const failure = (status: number, headers: Readonly<Record<string, string>> = {}): Answering => ({
  bytes: httpResponse(`${String(status)} Said`, { ...json, ...headers }, errorBody),
  status,
  isRefusal: false,
})

const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): Answering => ({
  ...failure(status, headers),
  isRefusal: true,
})

const creation = (body: string, headers: Readonly<Record<string, string>> = {}): Answering => ({
  bytes: httpResponse('201 Created', { ...json, ...headers }, body),
  status: 201,
  isRefusal: false,
})

const silence: Answering = { bytes: '', status: undefined, isRefusal: false }

const created = creation(documentedExample.response)

const answerOf = (fault: GraphFault | undefined): Answering => {
  switch (fault) {
    case undefined:
    case 'drips its answer':
      return created
    case 'refuses connections for a while':
      return { ...created, after: 'end' }
    case 'says another client-request-id':
      return creation(documentedExample.response, { 'client-request-id': 'of-another-call' })
    case 'closes after a good answer':
      return { ...creation(documentedExample.response, { Connection: 'close' }), after: 'end' }
    case 'resets as soon as something comes':
    case 'resets when all is there':
      return { ...silence, after: 'reset' }
    case 'closes when all is there':
      return { ...silence, after: 'end' }
    case 'answers nothing':
      return silence
    case 'answers the head alone':
      return { ...created, bytes: created.bytes.slice(0, created.bytes.indexOf('\r\n\r\n') + 4) }
    case 'is cut off in its answer':
      return { ...created, bytes: created.bytes.slice(0, -10), after: 'end' }
    case 'answers no HTTP':
      return { ...silence, bytes: 'SSH-2.0-OpenSSH_9.9\r\n\r\n', after: 'end' }
    case 'answers no JSON':
      return creation('<html>')
    case 'answers half an entity':
      return creation('{"deviceName":"a"}')
    case '429 without Retry-After':
      return refusal(429)
    case '429':
    case '509':
      return refusal(Number(fault), { 'Retry-After': '1' })
    case '503 with Retry-After':
      return refusal(503, { 'Retry-After': '1' })
    case '401':
    case '403':
    case '404':
    case '409':
      return refusal(Number(fault))
    case 'redirects':
      return failure(307, { Location: 'http://127.0.0.1:1/' })
    case '500':
    case '502':
    case '503':
    case '504':
      return failure(Number(fault))
  }
}

const idIn = (bytes: string): string | undefined => /\r\nclient-request-id: (\S+)\r\n/.exec(bytes)?.[1]

const isWhole = (bytes: string): boolean => {
  const end = bytes.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)\r\n/.exec(bytes)?.[1]
  return end >= 0 && length !== undefined && Buffer.byteLength(bytes) >= end + 4 + Number(length)
}

/**
 * A raw Graph that fails as it is told to, once for each request that comes, and keeps count of what it saw and sent.
 * `isOnRecord` is asked of each call as its first bytes come.
 */
export const aFaultyGraph = async (
  nextFault: () => GraphFault | undefined,
  isOnRecord: (auditId: string) => boolean,
): Promise<FaultyGraph> => {
  const seen = new Map<string, Array<Said>>()
  const breaches: Array<string> = []
  const counts = new Map<GraphFault, number>()
  const sockets = new Set<Socket>()

  const say = (auditId: string | undefined, { isRefusal, status }: Said): void => {
    if (auditId !== undefined) seen.set(auditId, [...(seen.get(auditId) ?? []), { isRefusal, status }])
  }

  const refuseConnectionsForAWhile = (): void => {
    if (!server.listening) return
    server.close()
    setTimeout(() => void server.listen(port, '127.0.0.1'), 30)
  }

  const expectTheLanguage = (bytes: string): void => {
    try {
      if (finiteRequestsIn(bytes).length !== 1) breaches.push(`more than one request at once: ${bytes}`)
    } catch (breach) {
      breaches.push(String(breach))
    }
  }

  const answer = (socket: Socket, bytes: string, fault: GraphFault | undefined): void => {
    const answering = answerOf(fault)
    say(idIn(bytes), answering)
    if (fault === 'refuses connections for a while') refuseConnectionsForAWhile()
    if (fault === 'drips its answer') {
      for (let index = 0; index < answering.bytes.length; index += 100)
        setTimeout(() => socket.write(answering.bytes.slice(index, index + 100)), index / 50)
      return
    }
    if (answering.bytes !== '') socket.write(answering.bytes)
    if (answering.after === 'end') socket.end()
    if (answering.after === 'reset') socket.resetAndDestroy()
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let bytes = ''
    let fault: GraphFault | undefined
    socket.on('data', (chunk) => {
      if (bytes === '') {
        fault = nextFault()
        if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1)
      }
      const knownBefore = idIn(bytes)
      bytes += chunk.toString('latin1')
      const auditId = idIn(bytes)
      if (auditId !== undefined && knownBefore === undefined && !isOnRecord(auditId))
        breaches.push(`${auditId} came before it was on record`)
      const isAll = isWhole(bytes)
      if (!isAll && fault !== 'resets as soon as something comes') return
      const request = bytes
      bytes = ''
      if (isAll) expectTheLanguage(request)
      answer(socket, request, fault)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy()
  }

  return {
    url: `http://127.0.0.1:${String(port)}`,
    seen,
    breaches,
    count: (fault) => counts.get(fault) ?? 0,
    hangUp,
    forget: () => seen.clear(),
    stop: async () => {
      if (!server.listening) await once(server, 'listening')
      const closed = once(server, 'close')
      server.close()
      hangUp()
      await closed
    },
  }
}
