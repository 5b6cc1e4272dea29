import { parseJson, valueAt } from './json.js'
import type { Grant } from './sandbox-tenant.js'

/** A call of the proxy, as a client makes it. */
export interface Call {
  readonly path: string
  readonly token?: string
  readonly body: string
  readonly idempotencyKey?: string
}

export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly text: string
  /** Undefined if the text is not JSON. */
  readonly json: unknown
}

/** Posts a body to the proxy. */
export const post = async (
  origin: string,
  { body, idempotencyKey, path, token }: Call,
  signal: AbortSignal,
): Promise<Answer> => {
  const response = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
    body,
    signal,
  })
  const { headers, status, statusText } = response
  const text = await response.text()
  return { status, statusText, headers, text, json: parseJson(text) }
}

/** Gets an access token. Rejects with what the identity provider says when it gives none. */
export const takeToken = async (tokenEndpoint: string, grant: Grant, signal: AbortSignal): Promise<string> => {
  const response = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(grant), signal })
  const text = await response.text()
  const token = valueAt(parseJson(text), 'access_token')
  if (typeof token !== 'string') throw new Error(`The identity provider gave no token: ${text}`)
  return token
}
