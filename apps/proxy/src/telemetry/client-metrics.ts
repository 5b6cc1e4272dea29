import * as E from 'fp-ts/lib/Either.js'
import { codeOfError } from '../domain/reply-to-error.js'
import type { ForwardPorts } from '../forward/index.js'
import type { Attributes, Metrics } from './instruments.js'

interface Stopwatch extends Pick<Metrics, 'measure'> {
  readonly monotonicNowInMs: () => number
}

/** Semantic conventions: whom a request goes to. */
export const serverOf = (url: string): Attributes => {
  const { hostname, port, protocol } = new URL(url)
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'http:' ? 80 : 443) }
}

// RFC 9110 §15, and what of IANA's registry is met in practice.
const statuses: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 206, 207, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407,
  408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426, 428, 429, 431, 451, 500, 501, 502, 503,
  504, 505, 507, 509, 511,
])

/** A status as figures may name it: whoever answers adds none. */
const knownStatus = (status: number): number | string => (statuses.has(status) ? status : '_OTHER')

type Send = ForwardPorts['sendToGraph']

/** The way to Graph, with how long each request took and what came of it. */
export const timedSend = ({ measure, monotonicNowInMs }: Stopwatch, origin: string, send: Send): Send => {
  const server = serverOf(origin)
  return (deadline) => {
    const sendWithin = send(deadline)
    return (request) => async () => {
      const beganAtInMs = monotonicNowInMs()
      const result = await sendWithin(request)()
      measure('clientDuration', (monotonicNowInMs() - beganAtInMs) / 1000, {
        'http.request.method': 'POST',
        ...server,
        ...(E.isRight(result)
          ? { 'http.response.status_code': knownStatus(result.right.status) }
          : { 'error.type': codeOfError(result.left) }),
      })
      return result
    }
  }
}

/** fetch, likewise; whom it asks is said by our configuration, and by the documents of issuers that are in it. */
export const timedFetch =
  <Options extends { readonly method: string }>(
    { measure, monotonicNowInMs }: Stopwatch,
    fetch: (url: string, options: Options) => Promise<Response>,
  ) =>
  async (url: string, options: Options): Promise<Response> => {
    const beganAtInMs = monotonicNowInMs()
    const told = (how: Attributes): void =>
      measure('clientDuration', (monotonicNowInMs() - beganAtInMs) / 1000, {
        'http.request.method': options.method,
        ...serverOf(url),
        ...how,
      })
    try {
      const response = await fetch(url, options)
      told({ 'http.response.status_code': knownStatus(response.status) })
      return response
    } catch (error) {
      told({ 'error.type': 'noAnswer' })
      throw error
    }
  }
