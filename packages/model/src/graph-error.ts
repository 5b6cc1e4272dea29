import * as t from 'io-ts'
import { text } from './described-type.js'
import { nullable } from './nullable.js'
import { optional, record, required } from './record.js'

/**
 * The body of every error that Graph answers (`microsoft.graph.ODataErrors.ODataError`). `code` may be empty or hold
 * blanks, `message` may be empty or hold a JSON text of Intune's; branch on the status and the code, never on the
 * message. Older answers spell `innererror`. Source: Graph "Error responses", and recorded answers.
 */
export interface GraphError {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly target?: string | null
    readonly details?: ReadonlyArray<unknown>
    readonly innerError?: Readonly<Record<string, unknown>>
    readonly innererror?: Readonly<Record<string, unknown>>
  }
}

/** Other members are kept, at both levels. */
export const GraphError: t.Type<GraphError> = record<GraphError>(
  'GraphError',
  {
    error: required(
      record<GraphError['error']>(
        'GraphErrorBody',
        {
          code: required(text),
          message: required(text),
          target: optional(nullable(text)),
          details: optional(t.readonlyArray(t.unknown)),
          innerError: optional(t.UnknownRecord),
          innererror: optional(t.UnknownRecord),
        },
        'keep',
      ),
    ),
  },
  'keep',
)
