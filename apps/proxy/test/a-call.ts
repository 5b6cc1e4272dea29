import { documentedExample } from '@device-install-state/model/fields'
import { matchRoute, type Route } from '@device-install-state/model/operations'
import type { Call } from '../src/domain/call.js'
import type { IncomingRequest } from '../src/domain/incoming-request.js'
import { aCreateRequest, bookPath } from './a-request.js'

const routeOf = (path: string): Route => {
  const match = matchRoute(['beta'], path)
  if (match._tag !== 'Matched') throw new Error(`${path} is no route`)
  return match.route
}

/** The documented call, understood, in the name of the gateway's application. */
export const aCall = (change: Partial<IncomingRequest> = {}): Call => ({
  request: aCreateRequest(change),
  route: routeOf(bookPath),
  caller: { kind: 'application', issuer: 'https://issuer.example', objectId: 'o1', keyId: 'k1' },
  upstream: { kind: 'application' },
  body: JSON.parse(documentedExample.request),
  json: documentedExample.request,
})
