import type { JsonSchema } from '@device-install-state/model/json-schema'
import { idempotencyKeyForm } from '../domain/idempotency-key.js'

const uuid = { type: 'string', format: 'uuid' }

/** What a caller may say in headers, beside `Authorization` and `Content-Type`, which OpenAPI has places of their own for. */
export const requestHeaders: ReadonlyArray<JsonSchema & { readonly name: string }> = [
  {
    name: 'Idempotency-Key',
    description:
      'Your own name for this call, such as a UUID. A call with the same key is made once in 24 hours, however often it is sent; its answer is given again.',
    schema: { type: 'string', pattern: idempotencyKeyForm.source },
    example: '6b1f0c5e-94a7-4f0e-8a30-2f7d5f1c9e11',
  },
  {
    name: 'client-request-id',
    description: 'Your own id for this request. It is on record, and comes back. Anything but a GUID is ignored.',
    schema: { type: 'string' },
    example: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  },
  {
    name: 'Prefer',
    description:
      '`handling=validate-only`: all is checked, nothing is sent, and the answer is a 200 with what would have been. Other preferences are ignored, unless they seem to mean that.',
    schema: { type: 'string' },
    example: 'handling=validate-only',
  },
  {
    name: 'traceparent',
    description: 'Your trace, by W3C Trace Context. What is malformed is as good as none.',
    schema: { type: 'string' },
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
]

/** What a reply may say in headers. */
export const replyHeaders: Readonly<Record<string, JsonSchema>> = {
  'Audit-Id': {
    description: 'Names this call in the audit ledger. Quote it when you ask for help.',
    required: true,
    schema: uuid,
  },
  'request-id': {
    description: 'Graph’s own id where Graph answered, else that of the audit ledger.',
    required: true,
    schema: { type: 'string' },
  },
  'client-request-id': {
    description: 'Your own id if you sent a GUID, else that of the audit ledger.',
    required: true,
    schema: uuid,
  },
  'Cache-Control': { description: 'No reply is to be kept.', required: true, schema: { const: 'no-store' } },
  'RateLimit-Policy': {
    description: 'Where calls are counted and the caller is known: `q` calls are granted in `w` seconds.',
    schema: { type: 'string' },
    example: '"caller";q=100;w=60',
  },
  RateLimit: {
    description:
      'Where calls are counted and the caller is known: `r` calls are left; in `t` seconds it is all of them.',
    schema: { type: 'string' },
    example: '"caller";r=99;t=1',
  },
  'Retry-After': {
    description: 'Seconds after which the same call may be sent again.',
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': {
    description:
      'What is missing, and where to read what tokens are taken (RFC 6750, RFC 9728). With `claims`, base64: what to ask a new token for.',
    schema: { type: 'string' },
    example: 'Bearer error="invalid_token"',
  },
  Allow: { description: 'The one method that the route takes.', schema: { const: 'POST' } },
  'Accept-Post': { description: 'The one type of body that is taken.', schema: { const: 'application/json' } },
  'Idempotent-Replayed': {
    description:
      'This is the answer of an earlier call with the same `Idempotency-Key`; Graph heard nothing of this one.',
    schema: { const: 'true' },
  },
  'Preference-Applied': {
    description: 'The call was checked, and nothing was sent.',
    schema: { const: 'handling=validate-only' },
  },
}

/** Those of `headers` that the document tells of: OpenAPI has another place for the type of a body. */
export const referToHeaders = (headers: Iterable<string>): JsonSchema =>
  Object.fromEntries(
    [...new Set(headers)]
      .filter((name) => name !== 'Content-Type')
      .map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  )
