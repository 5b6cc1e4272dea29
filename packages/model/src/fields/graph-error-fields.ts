import { type GraphErrorBody } from '../graph-error.js'
import { anyArray, anyObject } from '../json-codecs.js'
import type { FieldTable } from './field-table.js'
import { answeredKind, answeredTextKind } from './kinds.js'

const required = { kind: answeredTextKind, nullable: false, request: 'never', answer: 'required' } as const
const optional = { nullable: true, request: 'never', answer: 'optional' } as const

const innerErrorKind = answeredKind('microsoft.graph.ODataErrors.InnerError', anyObject)

/** The properties of what Graph says of an error. Nobody sends one. */
export const graphErrorFields: FieldTable<GraphErrorBody, object> = {
  code: {
    ...required,
    class: 'enum',
    documentation: 'What kind of error it is, for programs. May be empty, and may hold blanks.',
    example: 'ModelValidationFailure',
  },
  message: {
    ...required,
    class: 'personal',
    documentation: 'The error in words, for developers. May quote what was sent.',
    example: "Requested value 'Installed' was not found.",
  },
  target: {
    ...optional,
    kind: answeredTextKind,
    class: 'text',
    documentation: 'What the error is about.',
    example: null,
  },
  details: {
    ...optional,
    kind: answeredKind('Collection(microsoft.graph.ODataErrors.ErrorDetails)', anyArray),
    class: 'personal',
    documentation: 'Further errors.',
    example: [],
  },
  innerError: {
    ...optional,
    kind: innerErrorKind,
    class: 'personal',
    documentation: 'More about the error: date, request-id, client-request-id, and what the service adds.',
    example: {
      date: '2026-01-15T09:30:00',
      'request-id': '7f764583-349f-469f-90a5-91ca45f45928',
      'client-request-id': '7f764583-349f-469f-90a5-91ca45f45928',
    },
  },
  innererror: {
    ...optional,
    kind: innerErrorKind,
    class: 'personal',
    documentation: 'innerError, as older answers spell it.',
    example: null,
  },
}
