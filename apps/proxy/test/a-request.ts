import { documentedExample } from '@device-install-state/model/fields'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { IncomingRequest } from '../src/domain/incoming-request.js'

/** The route of one book, on /beta. */
export const bookPath = '/beta/deviceAppManagement/managedEBooks/B1/deviceStates'

/** A create as a good caller sends it, but for what is changed. */
export const aCreateRequest = (change: Partial<IncomingRequest> = {}): IncomingRequest => ({
  auditId: '01900000-0000-7000-8000-000000000001',
  receivedAt: new Date('2026-11-23T12:00:00Z'),
  peer: '127.0.0.1',
  httpVersion: '1.1',
  method: 'POST',
  target: bookPath,
  headers: [
    ['host', 'localhost'],
    ['authorization', 'Bearer aaa.bbb.ccc'],
    ['content-type', 'application/json'],
    ['content-length', '374'],
  ],
  readBody: TE.right(new TextEncoder().encode(documentedExample.request)),
  isGone: () => false,
  ...change,
})

/** The same request with a header set, or taken away. */
export const withHeader = (request: IncomingRequest, name: string, value: string | undefined): IncomingRequest => ({
  ...request,
  headers: [
    ...request.headers.filter(([key]) => key !== name),
    ...(value === undefined ? [] : ([[name, value]] as const)),
  ],
})
