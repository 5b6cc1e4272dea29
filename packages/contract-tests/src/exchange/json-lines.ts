import type { HttpAnswer, HttpHeaders, HttpRequest } from './http-exchange.js'

/** A request and its answer, as they were recorded. */
export interface RecordedExchange {
  readonly request: HttpRequest
  readonly answer: HttpAnswer
  /** When the request came. ISO 8601. */
  readonly at?: string
}

const secrets = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])

const withoutSecrets = (headers: HttpHeaders): HttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!secrets.has(name)) return [name, value]
      const [scheme = ''] = /^(?:Bearer|Basic|Digest|DPoP|Negotiate) /i.exec(value) ?? []
      return [name, `${scheme}[redacted]`]
    }),
  )

/** One line of JSON, with its end. What names a caller to a server is not in it. */
export const printExchange = ({ answer, at, request }: RecordedExchange): string =>
  `${JSON.stringify({
    request: { ...request, headers: withoutSecrets(request.headers) },
    answer: { ...answer, headers: withoutSecrets(answer.headers) },
    ...(at === undefined ? {} : { at }),
  })}\n`
