import { operationNamed } from '@device-install-state/model/operations'
import type { Call } from '../domain/call.js'
import type { GraphRequest } from '../domain/graph-answer.js'

/** What goes to Graph for a call, but for the token. The path is printed from typed ids. */
export const graphRequestOf = ({ json, request, route }: Call, traceparent: string): Omit<GraphRequest, 'token'> => ({
  method: operationNamed(route.operation).method,
  path: route.path,
  json,
  auditId: request.auditId,
  traceparent,
})
