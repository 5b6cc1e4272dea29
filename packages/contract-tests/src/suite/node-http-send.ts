import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { CouldNotRun } from '../could-not-run.js'
import type { HttpAnswer, HttpHeaders, HttpRequest, Send } from '../exchange/http-exchange.js'

/** An answer of the contract is a few kilobytes; this keeps a wrong target from filling memory. */
const largestAnswerInBytes = 4 * 1024 * 1024

export interface HttpSend {
  readonly send: Send
  /** Closes the connections that are kept. */
  readonly close: () => void
}

/**
 * Sends to the letter, over HTTP/1.1, following no redirect. The deadline is for the whole answer. The path of `base` goes before that of a request. Certificates are checked against those that
 * Node trusts (`NODE_EXTRA_CA_CERTS` adds to them).
 */
export const nodeHttpSend = (base: URL, deadlineInMs = 30_000): HttpSend => {
  const isTls = base.protocol === 'https:'
  const agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const prefix = base.pathname.replace(/\/+$/, '')

  const send = ({ body, headers, method, path }: HttpRequest): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(deadlineInMs)
      const fail = (error: Error): void => reject(couldNotReach(base, signal.aborted ? deadlineInMs : undefined, error))
      const options = {
        method,
        path: `${prefix}${path}`,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        agent,
        signal,
      }
      const sent = isTls ? httpsRequest(options) : httpRequest(options)
      // Without it any coding would do, RFC 9110 section 12.5.3.
      sent.setHeader('accept-encoding', 'identity')
      for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value)
      // Node frames the body of a DELETE only when it is told how long it is.
      if (body !== '') sent.setHeader('content-length', Buffer.byteLength(body))
      sent.on('error', fail)
      sent.on('response', (response) => {
        answerOf(response).then(resolve, fail)
      })
      sent.end(body === '' ? undefined : body)
    })

  return { send, close: () => agent.destroy() }
}

const headersIn = ({ headers }: IncomingMessage): HttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )

const answerOf = async (response: IncomingMessage): Promise<HttpAnswer> => {
  const coding = response.headers['content-encoding'] ?? 'identity'
  if (coding !== 'identity') {
    response.destroy()
    throw new Error('the answer has a content-encoding, and "identity" was asked for')
  }
  const chunks: Array<Uint8Array> = []
  let size = 0
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('an answer comes as bytes')
    size += chunk.length
    if (size > largestAnswerInBytes) throw new Error(`the answer is larger than ${String(largestAnswerInBytes)} bytes`)
    chunks.push(chunk)
  }
  return {
    status: response.statusCode ?? 0,
    headers: headersIn(response),
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** What an address has that is no secret. */
export const shownAddress = ({ origin, pathname }: URL): string => `${origin}${pathname === '/' ? '' : pathname}`

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host could not be resolved',
  ECONNRESET: 'the connection was closed without an answer',
  EPROTO: 'what listens there does not speak TLS; is it http://?',
  HPE_INVALID_CONSTANT: 'what listens there does not speak HTTP; is it https://?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with its authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with its authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with its authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with its authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  CERT_HAS_EXPIRED: 'its certificate has expired',
}

const couldNotReach = (base: URL, deadlineInMs: number | undefined, error: Error): CouldNotRun => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const why =
    deadlineInMs === undefined
      ? (meanings[code] ?? error.message)
      : `it did not answer within ${String(deadlineInMs / 1000)} seconds`
  return new CouldNotRun(`${shownAddress(base)} cannot be reached: ${why}${code === '' ? '' : ` (${code})`}.`)
}
