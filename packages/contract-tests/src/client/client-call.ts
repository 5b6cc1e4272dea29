// One call of a client: the token it gets, how it ends, and what may be shown of it.
import type { HttpRequest } from '../exchange/http-exchange.js'
import { withoutCredentials } from '../report/without-credentials.js'
import { curlLine } from '../suite/curl-line.js'
import { tokenVariable } from '../suite/headers-of.js'

/** In the form of a token, so that it goes where one goes; another one for each call, so that its requests are known. */
export const tokenOf = (call: number): string =>
  `eyJ0eXAiOiJKV1QifQ.${Buffer.from(JSON.stringify({ sub: 'contract-tests', call })).toString('base64url')}.c2lnbmF0dXJl`

const anyToken = /eyJ0eXAiOiJKV1QifQ\.[\w-]+\.c2lnbmF0dXJl/g

/** That of a request, in its header or, by mistake, in its path. */
export const tokenIn = ({ headers, path }: HttpRequest): string | undefined =>
  `${headers['authorization'] ?? ''} ${path}`.match(anyToken)?.[0]

/** How the promise of a client ended. */
export type Ended =
  | { readonly _tag: 'Resolved' }
  | { readonly _tag: 'Rejected'; readonly why: string }
  | { readonly _tag: 'Hangs' }

const told = (text: string): string => withoutCredentials(text.replaceAll(anyToken, tokenVariable))

/** A client's own words, for whoever has to mend it. */
const nameOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${told(error.message).slice(0, 200)}` : typeof error

/** The token that was given, or no more than the scheme of what the client brought itself. */
const shownAuthorization = (authorization: string): string =>
  authorization.match(anyToken) === null
    ? `${/^[\w-]+ (?=.)/.exec(authorization)?.[0] ?? ''}[redacted]`
    : told(authorization)

/** Runs a client, and no longer than that. Never rejects. */
export const ended = async (promise: () => Promise<unknown>, deadlineInMs: number): Promise<Ended> => {
  const { promise: late, resolve } = Promise.withResolvers<Ended>()
  const timer = setTimeout(() => resolve({ _tag: 'Hangs' }), deadlineInMs)
  try {
    // A client may throw before there is a promise.
    const settled = (async () => promise())().then(
      (): Ended => ({ _tag: 'Resolved' }),
      (error: unknown): Ended => ({ _tag: 'Rejected', why: nameOf(error) }),
    )
    return await Promise.race([settled, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What arrived first, as a line for a shell, with a variable for the token. */
export const sentLine = ([first]: ReadonlyArray<HttpRequest>): string | undefined => {
  if (first === undefined) return undefined
  const { accept, 'content-type': type } = first.headers
  const headers = {
    ...(accept === undefined ? {} : { accept }),
    ...(type === undefined ? {} : { 'content-type': type }),
  }
  const { authorization } = first.headers
  const line = curlLine({
    ...first,
    // Segment by segment: a whole path looks like one long key.
    path: first.path
      .split(/(?=[/?&=])/)
      .map(told)
      .join(''),
    headers: {
      ...headers,
      ...(authorization === undefined ? {} : { authorization: shownAuthorization(authorization) }),
    },
  })
  return `# What your client sent; at a gateway it would create a state:\n${line}`
}
