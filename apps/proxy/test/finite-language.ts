import { DeviceInstallStateCreate } from '@device-install-state/model'
import { type GraphVersion, graphVersions, matchRoute, type Route } from '@device-install-state/model/operations'

/** A request of the language that Graph is spoken to in: nothing of it is free but the ids, the token, the trace and the body. */
export interface FiniteRequest {
  readonly route: Route
  readonly auditId: string
  readonly token: string
  readonly traceparent: string
  /** As it was sent; it decodes. */
  readonly json: string
}

/** Each header that a request has, once, in whatever order, and what it may say. */
const headers: Readonly<Record<string, RegExp>> = {
  host: /^[a-z0-9.-]+(?::\d+)?$/,
  connection: /^keep-alive$/,
  authorization: /^Bearer [A-Za-z0-9._~+/-]+=*$/,
  accept: /^application\/json$/,
  'accept-encoding': /^identity$/,
  'content-type': /^application\/json$/,
  'content-length': /^[1-9]\d{0,4}$/,
  'client-request-id': /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  'user-agent': /^device-install-state-proxy\/\d+\.\d+\.\d+$/,
  traceparent: /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/,
}

/** Something came to Graph that no call of ours can be. */
export class NotOfTheLanguage extends Error {
  constructor(what: string, bytes: Buffer) {
    super(`${what}: ${JSON.stringify(bytes.toString('latin1').replace(/(?<=Bearer )\S+/, '…'))}`)
  }
}

const routeIn = (line: string, versions: ReadonlyArray<GraphVersion>): Route | undefined => {
  const path = /^POST (\/[A-Za-z0-9._/-]+) HTTP\/1\.1$/.exec(line)?.[1]
  const match = path === undefined ? undefined : matchRoute(versions, path)
  return match?._tag === 'Matched' && match.route.path === path ? match.route : undefined
}

const headerValues = (lines: ReadonlyArray<string>): ReadonlyMap<string, string> | undefined => {
  const values = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([a-z-]+): (.*)$/.exec(line) ?? []
    if (headers[name]?.test(value) !== true || values.has(name)) return undefined
    values.set(name, value)
  }
  return values.size === Object.keys(headers).length ? values : undefined
}

/** Of the one form that our printer gives it, and readable by the codec. */
const isBody = (json: string): boolean => {
  try {
    const parsed: unknown = JSON.parse(json)
    return JSON.stringify(parsed) === json && DeviceInstallStateCreate.decode(parsed)._tag === 'Right'
  } catch {
    return false
  }
}

const first = (bytes: Buffer): { readonly request: FiniteRequest; readonly size: number } => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) throw new NotOfTheLanguage('no whole head', bytes)
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const route = routeIn(line, graphVersions)
  if (route === undefined) throw new NotOfTheLanguage('another request line', bytes)
  const values = headerValues(lines)
  if (values === undefined) throw new NotOfTheLanguage('other headers', bytes)
  const size = end + 4 + Number(values.get('content-length'))
  if (size > bytes.length) throw new NotOfTheLanguage('no whole body', bytes)
  const body = bytes.subarray(end + 4, size)
  const json = body.toString('utf8')
  if (!Buffer.from(json).equals(body) || !isBody(json)) throw new NotOfTheLanguage('another body', bytes)
  return {
    request: {
      route,
      auditId: values.get('client-request-id') ?? '',
      token: (values.get('authorization') ?? '').slice('Bearer '.length),
      traceparent: values.get('traceparent') ?? '',
      json,
    },
    size,
  }
}

/**
 * What came over one connection, when nothing more is on its way: whole requests of the finite language, one behind the other.
 * Throws if there is a byte that is of no such request.
 */
export const finiteRequestsIn = (received: Buffer | string): ReadonlyArray<FiniteRequest> => {
  const requests: Array<FiniteRequest> = []
  let rest = Buffer.from(received)
  while (rest.length > 0) {
    const { request, size } = first(rest)
    requests.push(request)
    rest = rest.subarray(size)
  }
  return requests
}
