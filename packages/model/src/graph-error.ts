import { anyArray, anyObject } from './json-codecs.js'
import { nullable } from './described.js'
import { type ObjectCodec, objectCodec, optional, required } from './object-codec.js'
import { nullableText, text } from './text.js'

/** What Graph says of an error (`microsoft.graph.ODataErrors.MainError`). */
export interface GraphErrorBody {
  readonly code: string
  readonly message: string
  readonly target?: string | null
  readonly details?: ReadonlyArray<unknown> | null
  readonly innerError?: Readonly<Record<string, unknown>> | null
  readonly innererror?: Readonly<Record<string, unknown>> | null
}

/**
 * The body of every error that Graph answers (`microsoft.graph.ODataErrors.ODataError`). `code` may be empty or hold
 * blanks, `message` may be empty or hold a JSON text of Intune's; branch on the status and the code, never on the
 * message. Older answers spell `innererror`; `innerErrorOf` reads either. Source: Graph "Error responses", and recorded
 * answers.
 */
export interface GraphError {
  readonly error: GraphErrorBody
}

/** Other members are kept. */
export const GraphErrorBody: ObjectCodec<GraphErrorBody> = objectCodec<GraphErrorBody>('GraphErrorBody', {
  code: required(text),
  message: required(text),
  target: optional(nullableText),
  details: optional(nullable(anyArray)),
  innerError: optional(nullable(anyObject)),
  innererror: optional(nullable(anyObject)),
})

/** Other members are kept, at both levels. */
export const GraphError: ObjectCodec<GraphError> = objectCodec<GraphError>('GraphError', {
  error: required(GraphErrorBody),
})

/** The inner error in either spelling, with `request-id`, `client-request-id` and `date`, and whatever else there is. */
export const innerErrorOf = ({ error }: GraphError): Readonly<Record<string, unknown>> => ({
  ...error.innererror,
  ...error.innerError,
})
